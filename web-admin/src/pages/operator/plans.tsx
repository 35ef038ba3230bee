/* plans: markup tiers and their versions. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, csvHref, type Schemas, take } from '../../api/client';
import { choiceParam, usePaging, useUrlState } from '../../lib/url-state';
import { Count, Money, Time } from '../../parts/figures';
import { ChoiceFilter, Filters } from '../../parts/filters';
import { fromQuery } from '../../parts/from-query';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';

const STATES = ['current', 'future', 'past'] as const;
const PARAMS = { state: choiceParam(['any', ...STATES], 'current') };

const COLUMNS: Columns<Schemas['Plan']> = [
  { header: 'Plan', accessorKey: 'plan', meta: { width: 90 } },
  { header: 'Name', accessorKey: 'name', meta: { wideOnly: true } },
  { header: 'State', accessorKey: 'state', cell: ({ row }) => <Status value={row.original.state} /> },
  {
    header: 'Markup',
    accessorKey: 'markup_percent',
    cell: ({ row }) => `${row.original.markup_percent} %`,
    meta: { align: 'right' },
  },
  {
    header: 'Discount',
    accessorKey: 'discount_percent',
    cell: ({ row }) => `${row.original.discount_percent} %`,
    meta: { align: 'right', wideOnly: true },
  },
  {
    header: 'A month',
    accessorKey: 'monthly_fee',
    cell: ({ row }) => <Money value={row.original.monthly_fee} as="cents" />,
    meta: { align: 'right' },
  },
  {
    header: 'Volume discount',
    accessorKey: 'volume_discount_percent',
    cell: ({ row }) =>
      row.original.volume_threshold === null ? (
        '–'
      ) : (
        <>
          {row.original.volume_discount_percent} % above <Money value={row.original.volume_threshold} />
        </>
      ),
    meta: { align: 'right', wideOnly: true },
  },
  {
    header: 'Subscribers',
    accessorKey: 'subscribers',
    cell: ({ row }) => <Count value={row.original.subscribers} />,
    meta: { align: 'right' },
  },
  {
    header: 'From',
    accessorKey: 'effective_from',
    cell: ({ row }) => <Time at={row.original.effective_from} />,
    meta: { wideOnly: true },
  },
];

export default function Plans() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const query = { state: state.state === 'any' ? undefined : state.state, cursor: paging.cursor };
  const plans = useQuery({
    queryKey: ['plans', query],
    queryFn: ({ signal }) => take(api.GET('/plans', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Plans"
      about="What is put on the price of a call. A version holds from a time on and never changes."
    >
      <Filters onClear={state.state !== 'current' ? () => setState({ state: 'current' }) : undefined}>
        <ChoiceFilter
          label="State"
          value={state.state === 'any' ? null : state.state}
          onChange={(value) => setState({ state: (value ?? 'any') as typeof state.state })}
          options={STATES.map((value) => ({ value, label: value }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="plans"
          columns={COLUMNS}
          {...fromQuery(plans)}
          rowId={(row) => row.id}
          empty={<EmptyState title="No plan is like that" />}
          paging={paging}
          csv={csvHref('/plans', query)}
          skeletonRows={4}
        />
      </Panel>
    </Page>
  );
}
