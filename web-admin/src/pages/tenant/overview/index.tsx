/* overview: what a tenant has left, what it spends and on what, and what went wrong lately. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Link } from 'wouter';
import { api, type Schemas, take } from '../../../api/client';
import { formatChange, formatShare } from '../../../lib/format';
import { changePercent, isNegative } from '../../../lib/money';
import { rangeParams, spanOf } from '../../../lib/range';
import { choiceParam, useUrlState } from '../../../lib/url-state';
import { Count, Duration, Money, Time, useNow } from '../../../parts/figures';
import { ShareBar } from '../../../parts/meter';
import { Bone, Columns, Figure, Figures, Page, Panel } from '../../../parts/page';
import { RangeFilter } from '../../../parts/range-filter';
import { EmptyState, ErrorState } from '../../../parts/states';
import { DataTable, type Columns as TableColumns } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';
import { LastErrors } from './last-errors';
import { SpendChart } from './spend-chart';

/* Seen once in the life of a tenant. */
const FirstSteps = lazy(() => import('./first-steps'));

type Overview = Schemas['Overview'];
type UsageRow = Schemas['UsageRow'];

const STATE = {
  ...rangeParams('30d'),
  metric: choiceParam(['charge', 'requests', 'output_tokens'] as const, 'charge'),
};

export default function OverviewPage() {
  const tenant = useTenantId();
  const [state, set] = useUrlState(STATE);
  const span = spanOf(state, useNow(300_000));
  const { data, error, refetch } = useQuery({
    queryKey: ['overview', tenant, span.from, span.to],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/overview', {
          params: { path: { tenant }, query: { from: span.from, to: span.to } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

  if (error && !data) {
    return (
      <Page title="Overview">
        <Panel>
          <ErrorState error={error} what="The overview could not be read" retry={() => void refetch()} />
        </Panel>
      </Page>
    );
  }
  if (data && !data.ever_called) {
    return (
      <Page title="Overview" about="Three steps to the first answer.">
        <Suspense fallback={<Bone height={560} />}>
          <FirstSteps balance={data.balance} onCalled={refetch} />
        </Suspense>
      </Page>
    );
  }
  return (
    <Page
      title="Overview"
      about={<Fresh at={data?.fresh_at} />}
      actions={<RangeFilter value={state} onChange={(range) => set(range)} />}
    >
      <Head data={data} tenant={tenant} span={span} />
      <SpendChart
        span={span}
        metric={state.metric}
        onMetric={(metric) => set({ metric }, { replace: true })}
      />
      <Columns>
        <Panel title="Keys that spent most" flush aside={<Link href={`/t/${tenant}/keys`}>All keys</Link>}>
          <TopKeys rows={data?.top_keys} whole={data?.totals.charge ?? '0'} tenant={tenant} />
        </Panel>
        <Panel
          title="Last errors"
          flush
          aside={<Link href={`/t/${tenant}/requests?failed=true&range=30d`}>All failed requests</Link>}
        >
          <LastErrors rows={data?.last_errors} tenant={tenant} />
        </Panel>
      </Columns>
    </Page>
  );
}

function Fresh({ at }: { at: string | null | undefined }) {
  if (at === undefined) return <>Reading…</>;
  if (at === null) return <>Nothing is billed yet</>;
  return (
    <>
      Usage up to <Time at={at} as="ago" />
    </>
  );
}

/** Against the same stretch of time before; nothing where there was nothing. */
function Trend({ percent }: { percent: number | null }) {
  if (percent === null) return <>no time before</>;
  return <>{formatChange(percent)} vs. before</>;
}

function countTrend(now: number, before: number): number | null {
  return before > 0 ? Math.trunc(((now - before) * 100) / before) : null;
}

function daysLeft({ days_left: days, burn_per_day: burn, free }: Overview['balance']) {
  if (isNegative(free)) return <>overdrawn</>;
  if (days === null) return <>nothing is being spent</>;
  if (days >= 100) return <>lasts over 100 days</>;
  const said = days < 1 ? 'less than a day' : `${Math.floor(days)} days`;
  return (
    <>
      {said} at <Money value={burn} /> a day
    </>
  );
}

/** The rows that a figure counts. */
function requestsPath(tenant: string, span: { from: string; to: string | undefined }, more = ''): string {
  const to = span.to ? `&to=${encodeURIComponent(span.to)}` : '';
  return `/t/${tenant}/requests?range=custom&from=${encodeURIComponent(span.from)}${to}${more}`;
}

/** Whole percents, but where that would say less than there is. */
function cachedShare(share: number): string {
  return share === 0 || share >= 0.01 ? `${Math.round(share * 100)} %` : formatShare(share);
}

interface HeadProps {
  data: Overview | undefined;
  tenant: string;
  span: { from: string; to: string | undefined };
}

function Head({ data, tenant, span }: HeadProps) {
  const loading = data === undefined;
  const totals = data?.totals;
  const before = data?.before;
  const input = totals ? totals.input_tokens + totals.cache_read_tokens + totals.cache_write_tokens : 0;
  return (
    <Figures roomy>
      <Figure name="Balance" loading={loading} note={data && daysLeft(data.balance)}>
        <Link href={`/t/${tenant}/billing`}>
          <Money value={data?.balance.free} as="cents" />
        </Link>
      </Figure>
      <Figure
        name="Spent"
        loading={loading}
        note={totals && before && <Trend percent={changePercent(totals.charge, before.charge)} />}
      >
        <Link href={requestsPath(tenant, span, '&sort=charge')}>
          <Money value={totals?.charge} />
        </Link>
      </Figure>
      <Figure
        name="This month"
        loading={loading}
        note={
          data?.month_forecast ? (
            <>
              <Money value={data.month_forecast} /> forecast
            </>
          ) : (
            'no forecast yet'
          )
        }
      >
        <Money value={data?.month_to_date} />
      </Figure>
      <Figure
        name="Requests"
        loading={loading}
        note={totals && before && <Trend percent={countTrend(totals.requests, before.requests)} />}
      >
        <Link href={requestsPath(tenant, span)}>
          <Count value={totals?.requests} compact />
        </Link>
      </Figure>
      <Figure
        name="Errors"
        loading={loading}
        note={
          <Link href={requestsPath(tenant, span, '&failed=true')}>
            <Count value={totals?.errors} /> failed
          </Link>
        }
      >
        {formatShare(totals?.error_rate)}
      </Figure>
      <Figure
        name="First token, p95"
        loading={loading}
        note={
          <>
            half within <Duration ms={totals?.first_token_p50_ms} />
          </>
        }
      >
        <Duration ms={totals?.first_token_p95_ms} />
      </Figure>
      <Figure
        name="Tokens in"
        loading={loading}
        note={
          <>
            {totals && input > 0 && `${cachedShare(totals.cache_read_tokens / input)} cached · `}
            <Count value={totals?.output_tokens} compact /> out
          </>
        }
      >
        <Count value={totals ? input : null} compact />
      </Figure>
    </Figures>
  );
}

interface TopKeysProps {
  rows: UsageRow[] | undefined;
  whole: string;
  tenant: string;
}

function TopKeys({ rows, whole, tenant }: TopKeysProps) {
  const columns: TableColumns<UsageRow> = [
    {
      header: 'Key',
      accessorKey: 'label',
      meta: { main: true, width: 120 },
      cell: ({ row }) => (row.original.other ? 'Other' : (row.original.label ?? row.original.group)),
    },
    {
      header: 'Requests',
      accessorKey: 'requests',
      meta: { align: 'right', wideOnly: true },
      cell: ({ row }) => <Count value={row.original.requests} />,
    },
    {
      header: 'Spent',
      accessorKey: 'charge',
      meta: { align: 'right' },
      cell: ({ row }) => <Money value={row.original.charge} />,
    },
    {
      header: 'Share',
      id: 'share',
      cell: ({ row }) => <ShareBar part={row.original.charge} whole={whole} />,
    },
  ];
  return (
    <DataTable
      label="keys"
      columns={columns}
      rows={rows}
      rowId={(row) => row.group ?? 'other'}
      href={(row) => (row.group ? `/t/${tenant}/keys?open=${row.group}` : `/t/${tenant}/keys`)}
      skeletonRows={5}
      empty={<EmptyState title="No key was used in this time" />}
    />
  );
}
