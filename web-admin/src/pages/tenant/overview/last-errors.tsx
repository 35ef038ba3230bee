/* last-errors: the latest requests that failed, each leading to what is known of it. */
import type { Schemas } from '../../../api/client';
import { Time } from '../../../parts/figures';
import { EmptyState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { type Columns, DataTable } from '../../../parts/table';

type Request = Schemas['Request'];

const COLUMNS: Columns<Request> = [
  {
    header: 'When',
    accessorKey: 'time',
    meta: { main: true, width: 70 },
    cell: ({ row }) => <Time at={row.original.time} as="ago" />,
  },
  { header: 'Model', accessorKey: 'model_asked', meta: { width: 120, under: true } },
  {
    header: 'Outcome',
    accessorKey: 'outcome',
    cell: ({ row }) => <Status value={row.original.outcome} title={row.original.error ?? undefined} />,
  },
  {
    header: 'Why',
    accessorKey: 'error',
    meta: { wideOnly: true },
    cell: ({ row }) => row.original.error ?? '–',
  },
];

export function LastErrors({ rows, tenant }: { rows: Request[] | undefined; tenant: string }) {
  return (
    <DataTable
      label="errors"
      columns={COLUMNS}
      rows={rows}
      rowId={(row) => row.id}
      href={(row) => `/t/${tenant}/requests?failed=true&range=30d&open=${row.id}`}
      skeletonRows={5}
      empty={<EmptyState title="Nothing failed in this time" />}
    />
  );
}
