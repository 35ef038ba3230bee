/* series: rows of usage as the series and points of a chart, without adding anything up. Pure. */
import type { Schemas } from '../../../api/client';
import { bucketsOf } from '../../../lib/range';
import type { ChartPoint, ChartSeries } from '../../../parts/chart';

export type Metric = 'charge' | 'requests' | 'output_tokens';
type Usage = Schemas['Usage'];
type UsageRow = Schemas['UsageRow'];

const OTHER = 'other';

export function seriesId(row: UsageRow): string {
  return row.other ? OTHER : (row.group ?? '');
}

/** In the order of the totals, so that the largest stands first and colours stay the same as in the list beside. */
export function seriesOf(totals: Usage | undefined, byTime: Usage): ChartSeries[] {
  const seen = new Map<string, ChartSeries>();
  for (const row of [...(totals?.data ?? []), ...byTime.data]) {
    const id = seriesId(row);
    if (!seen.has(id))
      seen.set(id, { id, label: row.other ? 'Other' : (row.label ?? row.group ?? '–'), other: row.other });
  }
  return [...seen.values()].sort((a, b) => Number(a.other ?? false) - Number(b.other ?? false));
}

/** A point for each bucket; one without rows has none of the series. */
export function pointsOf(usage: Usage, metric: Metric, bucket: 'hour' | 'day'): ChartPoint[] {
  const points = new Map<string, ChartPoint>();
  for (const at of bucketsOf(usage.from, usage.to, bucket)) points.set(at, { at, values: {} });
  for (const row of usage.data) {
    const at = row.bucket ? new Date(row.bucket).toISOString() : '';
    const point = points.get(at);
    if (point) point.values[seriesId(row)] = row[metric];
  }
  return [...points.values()];
}
