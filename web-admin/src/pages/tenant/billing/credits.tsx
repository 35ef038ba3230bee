/* credits: credit that was given to a tenant, and what is left of it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { sentence } from '../../../lib/format';
import { usePaging } from '../../../lib/url-state';
import { Money, Time } from '../../../parts/figures';
import { fromQuery } from '../../../parts/from-query';
import { Panel } from '../../../parts/page';
import { EmptyState } from '../../../parts/states';
import { type Columns, DataTable } from '../../../parts/table';
import { useTenantId } from '../../../session/tenant';

type Credit = Schemas['Credit'];

const COLUMNS: Columns<Credit> = [
  {
    header: 'Given',
    accessorKey: 'created_at',
    meta: { width: 110 },
    cell: ({ row }) => <Time at={row.original.created_at} />,
  },
  { header: 'Kind', accessorKey: 'kind', cell: ({ row }) => sentence(row.original.kind) },
  {
    header: 'Reason',
    accessorKey: 'reason',
    meta: { wideOnly: true, width: 160 },
    cell: ({ row }) => row.original.reason || '–',
  },
  {
    header: 'Expires',
    accessorKey: 'expires_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.expires_at} none="never" />,
  },
  {
    header: 'Used',
    accessorKey: 'used',
    meta: { align: 'right' },
    cell: ({ row }) => <Money value={row.original.used} />,
  },
  {
    header: 'Amount',
    accessorKey: 'amount',
    meta: { align: 'right' },
    cell: ({ row }) => <Money value={row.original.amount} as="exact" />,
  },
];

export function Credits() {
  const tenant = useTenantId();
  const paging = usePaging();
  const credits = useQuery({
    queryKey: ['credits', tenant, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/credits', {
          params: { path: { tenant }, query: { cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel flush>
      <DataTable
        label="credits"
        columns={COLUMNS}
        {...fromQuery(credits)}
        rowId={(credit) => credit.id}
        paging={paging}
        csv={csvHref(`/tenants/${tenant}/credits`)}
        empty={<EmptyState title="No credit was given yet" />}
      />
    </Panel>
  );
}
