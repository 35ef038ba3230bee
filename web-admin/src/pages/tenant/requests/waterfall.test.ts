import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../../api/client';
import { barsOf, spanMs } from './waterfall';

const attempt = (started_ms: number | null, ms: number | null): Schemas['Attempt'] => ({
  number: 1,
  provider: 'openai',
  deployment: null,
  model: null,
  status: 200,
  started_ms,
  ms,
  reason: null,
  delivered: true,
  cost: null,
});

describe('attempts on the time of their request', () => {
  it.each([
    ['one that takes all of it', [attempt(0, 100)], 100, [[0, 100]]],
    [
      'one after the other',
      [attempt(0, 25), attempt(25, 75)],
      100,
      [
        [0, 25],
        [25, 75],
      ],
    ],
    ['one of no length is still seen', [attempt(50, 0)], 100, [[50, 0.6]]],
    ['one that nobody measured', [attempt(null, null)], 100, [[null, 0]]],
    [
      'without a total, the last end is the whole',
      [attempt(0, 50), attempt(50, 150)],
      null,
      [
        [0, 25],
        [25, 75],
      ],
    ],
  ] as const)('%s', (_what, attempts, total, bars) => {
    expect(barsOf(attempts, total).map((bar) => [bar.left, bar.width])).toEqual(bars);
  });
  it('never divides by nothing', () => expect(spanMs([], null)).toBe(1));
});
