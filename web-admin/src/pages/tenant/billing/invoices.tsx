/* invoices: the invoices of a tenant, drafts among them. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { formatDate } from '../../../lib/format';
import { optionParam, usePaging, useUrlState } from '../../../lib/url-state';
import { Money } from '../../../parts/figures';
import { ChoiceFilter, Filters } from '../../../parts/filters';
import { fromQuery } from '../../../parts/from-query';
import { Panel } from '../../../parts/page';
import { EmptyState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { type Columns, DataTable } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';

type Invoice = Schemas['Invoice'];

const STATUSES = ['draft', 'grace', 'finalized', 'paid', 'past_due', 'void', 'uncollectible'] as const;
const STATE = { status: optionParam(STATUSES) };

export function periodWords(invoice: Pick<Invoice, 'period_start' | 'period_end'>): string {
  return `${formatDate(invoice.period_start, 'utc')} – ${formatDate(invoice.period_end, 'utc')}`;
}

const COLUMNS: Columns<Invoice> = [
  {
    header: 'Number',
    accessorKey: 'number',
    meta: { main: true, width: 110 },
    cell: ({ row }) => row.original.number ?? `Period ${row.original.period_no}`,
  },
  { header: 'Status', accessorKey: 'status', cell: ({ row }) => <Status value={row.original.status} /> },
  {
    header: 'Period (UTC)',
    id: 'period',
    meta: { wideOnly: true, width: 180 },
    cell: ({ row }) => periodWords(row.original),
  },
  {
    header: 'Usage',
    accessorKey: 'usage',
    meta: { align: 'right', wideOnly: true },
    cell: ({ row: { original: invoice } }) => <Money value={invoice.usage} currency={invoice.currency} />,
  },
  {
    header: 'Paid by credit',
    accessorKey: 'credits',
    meta: { align: 'right', wideOnly: true },
    cell: ({ row: { original: invoice } }) => <Money value={invoice.credits} currency={invoice.currency} />,
  },
  {
    header: 'Total',
    accessorKey: 'total',
    meta: { align: 'right' },
    cell: ({ row: { original: invoice } }) => (
      <Money value={invoice.total} as="cents" currency={invoice.currency} />
    ),
  },
  {
    header: 'Due',
    accessorKey: 'due_at',
    meta: { wideOnly: true },
    cell: ({ row }) => formatDate(row.original.due_at, 'utc'),
  },
];

export function Invoices() {
  const tenant = useTenantId();
  const [state, set] = useUrlState(STATE);
  const paging = usePaging();
  const filters = { status: state.status ?? undefined };
  const invoices = useQuery({
    queryKey: ['invoices', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/invoices', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Filters onClear={state.status ? () => set({ status: null }) : undefined}>
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => set({ status: status as typeof state.status })}
          options={STATUSES.map((status) => ({ value: status, label: status.replace('_', ' ') }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="invoices"
          columns={COLUMNS}
          {...fromQuery(invoices)}
          rowId={(invoice) => invoice.id}
          href={(invoice) => `/t/${tenant}/billing/invoices/${invoice.id}`}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/invoices`, filters)}
          empty={
            <EmptyState title={state.status ? 'No invoice has this status' : 'There are no invoices yet'}>
              The first comes when the first period ends. Until then the ledger has every amount.
            </EmptyState>
          }
        />
      </Panel>
    </>
  );
}
