/* figures: amounts, counts, times and ids as they stand in tables and panels; the exact value is in the title. */
import { Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatCompact, formatCount, formatMs, formatRelative, formatTime } from '../lib/format';
import { formatCents, formatExact, formatShort } from '../lib/money';
import { CopyButton } from './copy';
import classes from './figures.module.css';

const NONE = '–';

interface MoneyProps {
  /** Decimal text as the API has it; null is "no figure", which is not zero. */
  value: string | null | undefined;
  /** exact: nothing rounded; short: the digits that count (default); cents: two decimals. */
  as?: 'exact' | 'short' | 'cents';
  currency?: string;
}

export function Money({ value, as = 'short', currency = 'USD' }: MoneyProps) {
  if (value === null || value === undefined) return <span className={classes.none}>{NONE}</span>;
  const exact = formatExact(value, currency);
  const write = as === 'exact' ? formatExact : as === 'cents' ? formatCents : formatShort;
  const shown = write(value, currency);
  return (
    <span className={classes.figure} title={shown === exact ? undefined : exact}>
      {shown}
    </span>
  );
}

export function Count({ value, compact = false }: { value: number | null | undefined; compact?: boolean }) {
  if (value === null || value === undefined) return <span className={classes.none}>{NONE}</span>;
  const exact = formatCount(value);
  const shown = compact ? formatCompact(value) : exact;
  return (
    <span className={classes.figure} title={shown === exact ? undefined : exact}>
      {shown}
    </span>
  );
}

/** Tokens in a table: compact, with the whole count in the title. */
export function Tokens({ value }: { value: number | null | undefined }) {
  return <Count value={value} compact />;
}

export function Duration({ ms }: { ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <span className={classes.none}>{NONE}</span>;
  return (
    <span className={classes.figure} title={`${formatCount(ms)} ms`}>
      {formatMs(ms)}
    </span>
  );
}

/** The time of now, again every `everyMs`, for what says how long ago something was. */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}

interface TimeProps {
  at: string | null | undefined;
  /** full: in the reader's zone (default); ago: "3 min. ago". */
  as?: 'full' | 'ago';
  /** What is said where there is none: "never". */
  none?: string;
}

export function Time({ at, as = 'full', none = NONE }: TimeProps) {
  const now = useNow();
  if (!at) return <span className={classes.none}>{none}</span>;
  return (
    <time className={classes.figure} dateTime={at} title={`${at} (UTC)`}>
      {as === 'ago' ? formatRelative(at, now) : formatTime(at)}
    </time>
  );
}

interface IdProps {
  value: string | null | undefined;
  /** Only the kind and the last characters, "key_…7f3k2m"; what is copied is always whole. */
  short?: boolean;
  label?: string;
}

export function Id({ value, short = true, label = 'id' }: IdProps) {
  if (!value) return <span className={classes.none}>{NONE}</span>;
  const cut = value.indexOf('_') + 1;
  const shown = short && value.length > 20 ? `${value.slice(0, cut)}…${value.slice(-6)}` : value;
  return (
    <span className={classes.id}>
      <Tooltip label={value} disabled={shown === value}>
        <code>{shown}</code>
      </Tooltip>
      <CopyButton value={value} what={label} quiet />
    </span>
  );
}
