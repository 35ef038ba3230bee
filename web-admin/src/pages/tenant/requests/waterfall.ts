/* waterfall: where the attempts of a request lie on its time. Pure. */
import type { Schemas } from '../../../api/client';

type Attempt = Schemas['Attempt'];

export interface Bar {
  attempt: Attempt;
  /** In percent of the whole; null where nobody measured it. */
  left: number | null;
  width: number;
}

const LEAST_WIDTH = 0.6;

/** The whole is the request's time, or the end of the last attempt where that is later. */
export function spanMs(attempts: readonly Attempt[], totalMs: number | null): number {
  const ends = attempts.map((one) => (one.started_ms ?? 0) + (one.ms ?? 0));
  return Math.max(1, totalMs ?? 0, ...ends);
}

export function barsOf(attempts: readonly Attempt[], totalMs: number | null): Bar[] {
  const whole = spanMs(attempts, totalMs);
  return attempts.map((attempt) => {
    if (attempt.started_ms === null) return { attempt, left: null, width: 0 };
    const left = (attempt.started_ms / whole) * 100;
    const width = Math.max(LEAST_WIDTH, ((attempt.ms ?? 0) / whole) * 100);
    return { attempt, left: Math.min(left, 100 - LEAST_WIDTH), width: Math.min(width, 100 - left) };
  });
}
