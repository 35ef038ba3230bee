/* status: a state in a word, with a sign and a colour; never with the colour alone. */
import { sentence } from '../lib/format';
import { Icon, type IconName } from './icon';
import classes from './status.module.css';

type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

/* Every state that the API tells, whatever the resource: the same word looks the same everywhere. */
const TONES: Record<string, Tone> = {
  active: 'good',
  published: 'good',
  finished: 'good',
  cached: 'good',
  paid: 'good',
  current: 'good',
  alive: 'good',
  ok: 'good',
  finalized: 'info',
  future: 'info',
  invited: 'info',
  test: 'info',
  grace: 'info',
  suspended: 'warn',
  quarantined: 'warn',
  client_left: 'warn',
  client_left_early: 'warn',
  blank: 'warn',
  expired: 'warn',
  past_due: 'bad',
  revoked: 'bad',
  provider_failed: 'bad',
  provider_died: 'bad',
  crash: 'bad',
  uncollectible: 'bad',
  failed: 'bad',
};
const ICONS: Record<Tone, IconName> = {
  good: 'check',
  warn: 'alert',
  bad: 'close',
  info: 'clock',
  plain: 'dash',
};

interface StatusProps {
  value: string;
  /** Shown instead of the value's own word. */
  label?: string;
  tone?: Tone;
  title?: string | undefined;
  /** Only the sign is seen below 720 px; the word is still told. */
  compact?: boolean;
}

export function Status({ value, label, tone, title, compact }: StatusProps) {
  const is = tone ?? TONES[value] ?? 'plain';
  return (
    <span className={classes.status} data-tone={is} data-compact={compact || undefined} title={title}>
      <Icon name={ICONS[is]} size={12} />
      <span>{label ?? sentence(value)}</span>
    </span>
  );
}
