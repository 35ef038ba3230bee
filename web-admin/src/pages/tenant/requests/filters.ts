/* filters: what the request log can be asked for, as it stands in the address. */
import type { Schemas } from '../../../api/client';
import { plural, sentence } from '../../../lib/format';
import { readAmount } from '../../../lib/money';
import { rangeParams } from '../../../lib/range';
import { choiceParam, flagParam, optionParam, textParam } from '../../../lib/url-state';

export type Outcome = Schemas['Outcome'];

export const OUTCOMES = [
  'finished',
  'cached',
  'client_left',
  'client_left_early',
  'provider_failed',
  'provider_died',
  'blank',
  'crash',
  'not_dispatched',
] as const satisfies readonly Outcome[];

/* What each outcome means to who pays, for the side sheet and as titles. */
export const OUTCOME_MEANS: Record<Outcome, string> = {
  finished: 'The answer came whole.',
  cached: 'Answered from the cache; nothing was charged.',
  client_left: 'The client left after output had begun; what was made until then is charged.',
  client_left_early: 'The client left before any output; nothing was charged.',
  provider_failed: 'No provider gave an answer; nothing was charged.',
  provider_died: 'The provider broke off in the middle; what came until then is charged.',
  blank: 'The provider answered with nothing; nothing was charged.',
  crash: 'The gateway was lost during the call; nothing was charged.',
  not_dispatched: 'The call was refused before any provider was asked; nothing was charged.',
};

export const STATE = {
  ...rangeParams('7d'),
  id: textParam(),
  model: textParam(),
  key: textParam(40),
  outcome: optionParam(OUTCOMES),
  failed: flagParam(),
  min: textParam(30),
  sort: choiceParam(['time', 'charge'] as const, 'time'),
  open: textParam(40),
};

export function checkAmount(typed: string): string | null {
  return readAmount(typed) === null ? 'Not an amount' : null;
}

export function outcomeOptions(): { value: string; label: string }[] {
  return OUTCOMES.map((outcome) => ({ value: outcome, label: sentence(outcome) }));
}

export function attemptsWords(attempts: number): string {
  return attempts === 0 ? 'not sent to any provider' : plural(attempts, 'attempt');
}
