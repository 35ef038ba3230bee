import { describe, expect, it } from 'vitest';
import { labelStep, ticksFor } from './scale';

describe('the lines of an axis', () => {
  it.each([
    ['nothing', 0, [0, 1]],
    ['no number', Number.NaN, [0, 1]],
    ['round already', 8, [0, 2, 4, 6, 8]],
    ['in between', 5.7, [0, 2, 4, 6]],
    ['just above a step', 10.1, [0, 5, 10, 15]],
    ['hundreds', 950, [0, 250, 500, 750, 1000]],
  ])('%s', (_what, most, ticks) => expect(ticksFor(most)).toEqual(ticks));

  it('holds for amounts of a millionth', () => {
    const ticks = ticksFor(0.0000123);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(0.0000123);
    expect(ticks.length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['all fit', 7, 700, 60, 1],
    ['every third', 30, 640, 60, 3],
    ['one at least', 30, 10, 60, 30],
  ])('labels: %s', (_what, count, width, labelWidth, step) =>
    expect(labelStep(count, width, labelWidth)).toBe(step),
  );
});
