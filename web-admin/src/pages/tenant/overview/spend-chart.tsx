/* spend-chart: spend, requests or tokens over time by model, with the models themselves beside it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { formatCompact, formatCount, formatDate } from '../../../lib/format';
import { formatExact, formatShort, shareInThousandths } from '../../../lib/money';
import type { Span } from '../../../lib/range';
import { Chart, seriesColor } from '../../../parts/chart';
import { Money } from '../../../parts/figures';
import { Icon } from '../../../parts/icon';
import { ShareBar } from '../../../parts/meter';
import { Bone, Columns, Panel } from '../../../parts/page';
import { Segments } from '../../../parts/segments';
import { EmptyState, ErrorState } from '../../../parts/states';
import { useTenantId } from '../../../session/tenant';
import classes from './overview.module.css';
import { type Metric, pointsOf, seriesId, seriesOf } from './series';

type Usage = Schemas['Usage'];

const TOP = 6;
const CHART_HEIGHT = 236;
const METRICS: { value: Metric; label: string }[] = [
  { value: 'charge', label: 'Spend' },
  { value: 'requests', label: 'Requests' },
  { value: 'output_tokens', label: 'Tokens out' },
];

interface SpendChartProps {
  span: Span;
  metric: Metric;
  onMetric: (metric: Metric) => void;
}

function useUsage(span: Span, bucket: 'none' | 'hour' | 'day') {
  const tenant = useTenantId();
  return useQuery({
    queryKey: ['usage', tenant, span.from, span.to, bucket, 'model'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/usage', {
          params: {
            path: { tenant },
            query: { from: span.from, to: span.to, bucket, group: 'model', top: TOP },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

export function SpendChart({ span, metric, onMetric }: SpendChartProps) {
  const tenant = useTenantId();
  const byTime = useUsage(span, span.bucket);
  const totals = useUsage(span, 'none');
  const csv = csvHref(`/tenants/${tenant}/usage`, {
    from: span.from,
    to: span.to,
    bucket: span.bucket,
    group: 'model',
  });
  const empty = byTime.data?.data.length === 0;
  return (
    <Columns wide>
      <Panel
        title="By model over time"
        aside={
          <>
            <Segments label="Figure" value={metric} options={METRICS} onChange={onMetric} />
            <a href={csv} download className={classes.csv}>
              <Icon name="download" size={13} /> CSV
            </a>
          </>
        }
      >
        <div className={classes.chart}>
          {byTime.error && !byTime.data ? (
            <ErrorState
              error={byTime.error}
              what="The usage could not be read"
              retry={() => void byTime.refetch()}
            />
          ) : !byTime.data ? (
            <Bone height={CHART_HEIGHT + 50} />
          ) : empty ? (
            <EmptyState title="No requests in this time">
              Another range may have some, or <Link href={`/t/${tenant}/keys`}>make a key</Link> and call a
              model.
            </EmptyState>
          ) : (
            <ModelsChart byTime={byTime.data} totals={totals.data} metric={metric} span={span} />
          )}
        </div>
      </Panel>
      <Panel title="Models" flush>
        <ModelList usage={totals.data} error={totals.error} retry={() => void totals.refetch()} />
      </Panel>
    </Columns>
  );
}

interface ModelsChartProps {
  byTime: Usage;
  totals: Usage | undefined;
  metric: Metric;
  span: Span;
}

function ModelsChart({ byTime, totals, metric, span }: ModelsChartProps) {
  const money = metric === 'charge';
  return (
    <Chart
      series={seriesOf(totals, byTime)}
      points={pointsOf(byTime, metric, span.bucket)}
      bucket={span.bucket}
      format={(value) => (money ? formatExact(String(value)) : formatCount(Number(value)))}
      axis={(value) => (money ? formatAxis(value) : formatCompact(value))}
      summary={summaryOf(byTime, totals)}
      height={CHART_HEIGHT}
    />
  );
}

/** A tick of the axis: a place between amounts, not an amount. */
function formatAxis(value: number): string {
  return value === 0 ? '$0' : formatShort(value.toFixed(12).slice(0, 20)).replace(/\.00$/, '');
}

function summaryOf(byTime: Usage, totals: Usage | undefined): string {
  const { total } = byTime;
  const time = `${formatDate(byTime.from, 'utc')} to ${formatDate(byTime.to, 'utc')} (UTC)`;
  const first = totals?.data.find((row) => !row.other);
  const share = first && shareInThousandths(first.charge, total.charge);
  const most =
    first && share ? `; ${first.label ?? first.group} took ${(share / 10).toFixed(0)} % of the spend` : '';
  return `${time}: ${formatShort(total.charge)} in ${formatCount(total.requests)} requests${most}.`;
}

function ModelList({ usage, error, retry }: { usage: Usage | undefined; error: unknown; retry: () => void }) {
  const tenant = useTenantId();
  if (error && !usage) return <ErrorState error={error} what="The models could not be read" retry={retry} />;
  if (!usage) {
    return (
      <div className={classes.modelBones}>
        {Array.from({ length: TOP }, (_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike.
          <Bone key={at} height={22} />
        ))}
      </div>
    );
  }
  if (usage.data.length === 0) return <EmptyState title="No model was called in this time" />;
  const series = seriesOf(usage, usage);
  return (
    <ul className={classes.models}>
      {usage.data.map((row) => {
        const at = series.findIndex((one) => one.id === seriesId(row));
        const name = row.other ? 'Other' : (row.label ?? row.group ?? '–');
        return (
          <li key={seriesId(row)}>
            <span
              className={classes.dot}
              style={{ background: seriesColor(at, row.other) }}
              aria-hidden="true"
            />
            <span className={classes.modelName}>
              {row.group && !row.other ? (
                <Link href={`/t/${tenant}/requests?range=30d&model=${encodeURIComponent(row.group)}`}>
                  {name}
                </Link>
              ) : (
                name
              )}
            </span>
            <Money value={row.charge} />
            <ShareBar part={row.charge} whole={usage.total.charge} />
            <small>{formatCompact(row.requests)} requests</small>
          </li>
        );
      })}
    </ul>
  );
}
