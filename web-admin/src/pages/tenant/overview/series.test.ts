import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../../api/client';
import { pointsOf, seriesOf } from './series';

const row = (bucket: string | null, group: string | null, charge: string): Schemas['UsageRow'] => ({
  bucket,
  group,
  label: group,
  other: group === null,
  requests: 1,
  errors: 0,
  error_rate: 0,
  attempts: 1,
  input_tokens: 1,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 1,
  reasoning_tokens: 0,
  base: charge,
  discount: '0',
  charge,
  cost: null,
  first_token_p50_ms: null,
  first_token_p95_ms: null,
  total_p50_ms: null,
  total_p95_ms: null,
});

const usage = (data: Schemas['UsageRow'][]): Schemas['Usage'] => ({
  from: '2026-11-19T00:00:00Z',
  to: '2026-11-21T12:00:00Z',
  fresh_at: null,
  bucket: 'day',
  group: 'model',
  data,
  total: row(null, null, '3'),
});

describe('usage as a chart', () => {
  const byTime = usage([
    row('2026-11-19T00:00:00Z', 'a/x.1', '0.000000000001'),
    row('2026-11-21T00:00:00Z', 'b/y', '2'),
    row('2026-11-21T00:00:00Z', null, '1'),
  ]);

  it('has every bucket of the span, and keeps amounts as they came', () => {
    expect(pointsOf(byTime, 'charge', 'day')).toEqual([
      { at: '2026-11-19T00:00:00.000Z', values: { 'a/x.1': '0.000000000001' } },
      { at: '2026-11-20T00:00:00.000Z', values: {} },
      { at: '2026-11-21T00:00:00.000Z', values: { 'b/y': '2', other: '1' } },
    ]);
  });

  it('orders series as the totals do, with the rest last', () => {
    const totals = usage([row(null, null, '1'), row(null, 'b/y', '2'), row(null, 'a/x.1', '1')]);
    expect(seriesOf(totals, byTime).map((series) => series.label)).toEqual(['b/y', 'a/x.1', 'Other']);
    expect(seriesOf(undefined, byTime).map((series) => series.label)).toEqual(['a/x.1', 'b/y', 'Other']);
  });
});
