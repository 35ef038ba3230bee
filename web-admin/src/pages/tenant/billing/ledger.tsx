/* ledger: the entries of a tenant's accounts, from which everything else is summed. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { sentence } from '../../../lib/format';
import { rangeParams, spanOf } from '../../../lib/range';
import { textParam, usePaging, useUrlState } from '../../../lib/url-state';
import { Id, Money, Time, useNow } from '../../../parts/figures';
import { ChoiceFilter, Filters } from '../../../parts/filters';
import { fromQuery } from '../../../parts/from-query';
import { Panel } from '../../../parts/page';
import { RangeFilter } from '../../../parts/range-filter';
import { EmptyState } from '../../../parts/states';
import { type Columns, DataTable } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';

type Entry = Schemas['LedgerEntry'];

const STATE = { ...rangeParams('30d'), account: textParam(32) };

/* The accounts that a tenant's entries stand on; docs/billing.md says what each is. */
const ACCOUNTS: Record<string, string> = {
  prepaid: 'Prepaid',
  promo: 'Credit',
  accrued: 'Used, not invoiced',
  receivable: 'Owed',
  rev_usage: 'Usage',
  rev_sub: 'Fees',
  overrun: 'Not charged',
  price_variance: 'Price difference',
  rounding: 'Rounding',
};

const COLUMNS: Columns<Entry> = [
  {
    header: 'Time',
    accessorKey: 'effective_at',
    meta: { width: 110 },
    cell: ({ row }) => <Time at={row.original.effective_at} />,
  },
  {
    header: 'What',
    accessorKey: 'kind',
    meta: { under: true },
    cell: ({ row }) => sentence(row.original.kind),
  },
  {
    header: 'Account',
    accessorKey: 'account',
    cell: ({ row }) => ACCOUNTS[row.original.account] ?? sentence(row.original.account),
  },
  {
    header: 'Transaction',
    accessorKey: 'transaction',
    meta: { wideOnly: true },
    cell: ({ row }) => <Id value={row.original.transaction} label="transaction" />,
  },
  { header: 'Period', accessorKey: 'period_no', meta: { align: 'right', wideOnly: true } },
  {
    header: 'Amount',
    accessorKey: 'amount',
    meta: {
      align: 'right',
      help: 'Above zero is a debit, below a credit; the entries of a transaction add up to zero',
    },
    cell: ({ row: { original: entry } }) => (
      <Money value={entry.amount} as="exact" currency={entry.currency} />
    ),
  },
];

export function Ledger() {
  const tenant = useTenantId();
  const [state, set] = useUrlState(STATE);
  const paging = usePaging();
  const span = spanOf(state, useNow(300_000));
  const filters = { from: span.from, to: span.to, account: state.account || undefined };
  const entries = useQuery({
    queryKey: ['ledger', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/ledger', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Filters onClear={state.account ? () => set({ account: '' }) : undefined}>
        <RangeFilter value={state} onChange={(range) => set(range)} />
        <ChoiceFilter
          label="Account"
          value={state.account || null}
          onChange={(account) => set({ account: account ?? '' })}
          options={Object.entries(ACCOUNTS).map(([value, label]) => ({ value, label }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="entries"
          columns={COLUMNS}
          {...fromQuery(entries)}
          rowId={(entry) => `${entry.transaction}:${entry.account}:${entry.period_no}`}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/ledger`, filters)}
          skeletonRows={12}
          empty={
            <EmptyState title="No entries in this time">Another range or account may have some.</EmptyState>
          }
        />
      </Panel>
    </>
  );
}
