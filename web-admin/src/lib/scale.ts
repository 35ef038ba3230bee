/* scale: where the lines of a chart's axis lie. Floats are fine here: this is about pixels. Pure. */

/** 0 and up to `count` round values above it; the last is at or above `most`. */
export function ticksFor(most: number, count = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let at = 0; at <= count; at += 1) {
    ticks.push(at * step);
    if (at * step >= most) break;
  }
  return ticks;
}

/** Every how many labels one is shown, so that `count` of them do not touch in `width` px. */
export function labelStep(count: number, width: number, labelWidth: number): number {
  const room = Math.max(1, Math.floor(width / labelWidth));
  return Math.max(1, Math.ceil(count / room));
}
