/* range: stretches of time that a view is of, as they stand in its address. Pure. */
import { choiceParam, timeParam } from './url-state';

export const RANGES = ['24h', '7d', '30d', '90d', 'custom'] as const;
export type Range = (typeof RANGES)[number];

export const RANGE_LABELS: Record<Range, string> = {
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  custom: 'Custom',
};

const HOUR_MS = 3_600_000;
const LENGTHS_MS: Record<Exclude<Range, 'custom'>, number> = {
  '24h': 24 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
  '30d': 30 * 24 * HOUR_MS,
  '90d': 90 * 24 * HOUR_MS,
};

/** The parameters of a view with a range; spread them into its table. */
export function rangeParams(fallback: Range) {
  return { range: choiceParam(RANGES, fallback), from: timeParam(), to: timeParam() };
}

export interface Span {
  from: string;
  /** Undefined: until now. */
  to: string | undefined;
  bucket: 'hour' | 'day';
}

/** From the beginning of an hour, so that a view asks for the same again as long as the hour lasts. */
export function spanOf(state: { range: Range; from: string; to: string }, nowMs: number): Span {
  const { range } = state;
  if (range === 'custom' && state.from) {
    const end = state.to ? Date.parse(state.to) : nowMs;
    const long = end - Date.parse(state.from) > 3 * 24 * HOUR_MS;
    return { from: state.from, to: state.to || undefined, bucket: long ? 'day' : 'hour' };
  }
  const length = LENGTHS_MS[range === 'custom' ? '30d' : range];
  const hour = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const bucket = range === '24h' ? 'hour' : 'day';
  const day = 24 * HOUR_MS;
  const from = bucket === 'hour' ? hour - length + HOUR_MS : Math.floor(hour / day) * day - length + day;
  return { from: new Date(from).toISOString(), to: undefined, bucket };
}

/** All buckets of a span in UTC, whether or not the API has a row for them: a gap in a chart is a zero. */
export function bucketsOf(from: string, to: string, bucket: 'hour' | 'day'): string[] {
  const step = bucket === 'hour' ? HOUR_MS : 24 * HOUR_MS;
  const first = Math.floor(Date.parse(from) / step) * step;
  const end = Date.parse(to);
  const all: string[] = [];
  for (let at = first; at < end && all.length < 2000; at += step) all.push(new Date(at).toISOString());
  return all;
}
