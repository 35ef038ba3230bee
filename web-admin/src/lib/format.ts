/* format: counts, durations, shares and times as people read them. Money has a file of its own. Pure. */

const NONE = '–';

const counts = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** "12,345"; a dash when there is no figure, which is not the same as none. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? NONE : counts.format(count);
}

/** "999", "12.3K", "4.56M". */
export function formatCompact(count: number | null | undefined): string {
  if (count === null || count === undefined) return NONE;
  return Math.abs(count) < 1000 ? counts.format(count) : compact.format(count);
}

/** "84 ms", "1.24 s", "2 m 05 s". */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A share from 0 to 1 as "0.52 %"; what is not nothing is never shown as "0 %". */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return '<0.01 %';
  return `${percent.toFixed(percent < 10 ? 2 : 1)} %`;
}

/** "+12 %", "−3 %", "±0 %". */
export function formatChange(percent: number): string {
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : '−'}${counts.format(Math.abs(percent))} %`;
}

/** "1,234 B", "5.6 MB". */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${counts.format(value)} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

const dateTime = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dateOnly = new Intl.DateTimeFormat('en-US', { year: 'numeric', month: 'short', day: 'numeric' });
const dateUtc = new Intl.DateTimeFormat('en-US', {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  timeZone: 'UTC',
});

/** "Nov 21, 14:03:22" in the reader's zone. */
export function formatTime(iso: string | null | undefined): string {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.getTime()) ? dateTime.format(at) : NONE;
}

/** "Nov 21, 2026" in the reader's zone, or in UTC, where periods and buckets are cut. */
export function formatDate(iso: string | null | undefined, zone: 'local' | 'utc' = 'local'): string {
  const at = iso ? new Date(iso) : null;
  if (!at || Number.isNaN(at.getTime())) return NONE;
  return (zone === 'utc' ? dateUtc : dateOnly).format(at);
}

const relative = new Intl.RelativeTimeFormat('en-US', { numeric: 'auto', style: 'short' });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** "3 min. ago", "in 2 days", "now". */
export function formatRelative(iso: string | null | undefined, nowMs: number): string {
  const at = iso ? new Date(iso).getTime() : Number.NaN;
  if (Number.isNaN(at)) return NONE;
  const seconds = Math.round((at - nowMs) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return 'now';
}

/** "1 key", "2 keys". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "provider_failed" as "Provider failed". */
export function sentence(word: string): string {
  const text = word.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
