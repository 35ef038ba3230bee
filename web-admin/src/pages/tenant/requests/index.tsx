/* requests: the request log of a tenant. */
import { Checkbox } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { readAmount } from '../../../lib/money';
import { spanOf } from '../../../lib/range';
import { usePaging, useUrlState, withParam } from '../../../lib/url-state';
import { Duration, Money, Time, Tokens, useNow } from '../../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../../parts/filters';
import { fromQuery } from '../../../parts/from-query';
import { Page, Panel } from '../../../parts/page';
import { RangeFilter } from '../../../parts/range-filter';
import { EmptyState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { type Columns, DataTable } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';
import { checkAmount, OUTCOME_MEANS, outcomeOptions, STATE } from './filters';
import { RequestSheet } from './request-sheet';
import classes from './requests.module.css';
import { Volume } from './volume';

type Request = Schemas['Request'];

const COLUMNS: Columns<Request> = [
  {
    header: 'Time',
    accessorKey: 'time',
    meta: { main: true, sort: 'time', width: 110 },
    cell: ({ row }) => <Time at={row.original.time} />,
  },
  {
    header: 'Model',
    accessorKey: 'model_asked',
    meta: { width: 150, max: 210, under: true },
    cell: ({ row: { original: request } }) => (
      <span title={request.model === request.model_asked ? undefined : `served as ${request.model}`}>
        {request.model_asked}
      </span>
    ),
  },
  { header: 'Provider', accessorKey: 'provider', meta: { wideOnly: true, max: 110 } },
  {
    header: 'Key',
    accessorKey: 'key_name',
    meta: { wideOnly: true, max: 132 },
    cell: ({ row }) => row.original.key_name ?? row.original.key,
  },
  {
    header: 'Outcome',
    accessorKey: 'outcome',
    cell: ({ row: { original: request } }) => (
      <Status compact value={request.outcome} title={request.error ?? OUTCOME_MEANS[request.outcome]} />
    ),
  },
  {
    header: 'In',
    id: 'in',
    meta: { align: 'right', wideOnly: true, help: 'Tokens of the prompt, cached ones among them', width: 40 },
    cell: ({ row: { original: request } }) => (
      <Tokens value={request.input_tokens + request.cache_read_tokens + request.cache_write_tokens} />
    ),
  },
  {
    header: 'Out',
    accessorKey: 'output_tokens',
    meta: { align: 'right', wideOnly: true, help: 'Tokens of the answer', width: 40 },
    cell: ({ row }) => <Tokens value={row.original.output_tokens} />,
  },
  {
    header: 'First token',
    accessorKey: 'first_token_ms',
    meta: { align: 'right', wideOnly: true },
    cell: ({ row }) => <Duration ms={row.original.first_token_ms} />,
  },
  {
    header: 'Whole',
    accessorKey: 'total_ms',
    meta: { align: 'right', wideOnly: true },
    cell: ({ row }) => <Duration ms={row.original.total_ms} />,
  },
  {
    header: 'Charged',
    accessorKey: 'charge',
    meta: { align: 'right', sort: 'charge' },
    cell: ({ row }) => <Money value={row.original.charge} />,
  },
];

function useKeyOptions(tenant: string): { value: string; label: string }[] {
  const { data } = useQuery({
    queryKey: ['keys', tenant, 'choice'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/keys', { params: { path: { tenant }, query: { limit: 200 } }, signal }),
      ),
    staleTime: 60_000,
  });
  return (data?.data ?? [])
    .filter((key) => key.kind !== 'mgmt')
    .map((key) => ({ value: key.id, label: key.name }));
}

export default function Requests() {
  const tenant = useTenantId();
  const [state, set] = useUrlState(STATE);
  const paging = usePaging();
  const [path] = useLocation();
  const search = useSearch();
  const span = spanOf(state, useNow(300_000));
  const keys = useKeyOptions(tenant);
  const narrow = {
    model: state.model || undefined,
    key: state.key || undefined,
    outcome: state.outcome ?? undefined,
  };
  const filters = {
    ...narrow,
    from: span.from,
    to: span.to,
    id: state.id || undefined,
    failed: state.failed || undefined,
    min_charge: readAmount(state.min) ?? undefined,
    sort: state.sort,
  };
  const requests = useQuery({
    queryKey: ['requests', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/requests', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: paging.cursor === undefined ? 15_000 : false,
  });
  const filtered = Boolean(
    state.id || state.model || state.key || state.outcome || state.failed || state.min,
  );
  const clear = () => set({ id: '', model: '', key: '', outcome: null, failed: false, min: '' });

  return (
    <Page
      title="Requests"
      about="Every call, with what it cost and why."
      actions={<RangeFilter value={state} onChange={(range) => set(range)} />}
    >
      <Filters onClear={filtered ? clear : undefined}>
        <TextFilter
          search
          label="Find by id"
          placeholder="Ours, yours or the provider’s id"
          value={state.id}
          onChange={(id) => set({ id }, { replace: true })}
        />
        <TextFilter
          label="Model"
          placeholder="Model, whole id"
          width={180}
          value={state.model}
          onChange={(model) => set({ model }, { replace: true })}
        />
        <ChoiceFilter
          label="Key"
          searchable
          value={state.key || null}
          onChange={(key) => set({ key: key ?? '' })}
          options={keys}
        />
        <ChoiceFilter
          label="Outcome"
          value={state.outcome}
          onChange={(outcome) => set({ outcome: outcome as typeof state.outcome })}
          options={outcomeOptions()}
        />
        <TextFilter
          label="Charged at least"
          placeholder="Charged at least $"
          width={140}
          value={state.min}
          check={checkAmount}
          onChange={(min) => set({ min }, { replace: true })}
        />
        <Checkbox
          className={classes.failedOnly}
          label="Failed only"
          checked={state.failed}
          onChange={(event) => set({ failed: event.currentTarget.checked })}
        />
      </Filters>
      <Panel flush>
        <Volume span={span} filters={narrow} onChoose={(from, to) => set({ range: 'custom', from, to })} />
        <DataTable
          label="requests"
          columns={COLUMNS}
          {...fromQuery(requests)}
          rowId={(request) => request.id}
          href={(request) => withParam(path, search, 'open', request.id)}
          openId={state.open}
          sort={state.sort}
          onSort={(sort) => set({ sort: sort as typeof state.sort })}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/requests`, filters)}
          skeletonRows={12}
          empty={
            filtered ? (
              <EmptyState title="No request is like that">
                Fewer filters or a longer time may find it.
              </EmptyState>
            ) : (
              <EmptyState title="No requests in this time">
                Choose a longer time, or see on the <Link href={`/t/${tenant}/overview`}>overview</Link> how
                to make the first call.
              </EmptyState>
            )
          }
        />
      </Panel>
      <RequestSheet id={state.open || null} onClose={() => set({ open: '' }, { keepPage: true })} />
    </Page>
  );
}
