/* catalog: the models there are and what they cost, and the taking over of a new catalog. */
import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, Route, Switch } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../api/client';
import { formatUnitPrice } from '../../lib/money';
import { optionParam, textParam, usePaging, useUrlState } from '../../lib/url-state';
import { Count } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { fromQuery } from '../../parts/from-query';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import Import from './import';
import Model from './model';

const STATUSES = ['published', 'quarantined', 'draft', 'retired'] as const;
const PARAMS = { q: textParam(), provider: textParam(64), status: optionParam(STATUSES) };

function unitPrice(value: string | null): string {
  return value === null ? '–' : formatUnitPrice(value);
}

const COLUMNS: Columns<Schemas['Model']> = [
  { header: 'Model', accessorKey: 'id', meta: { main: true, width: 200 } },
  {
    header: 'Status',
    accessorKey: 'status',
    cell: ({ row }) => (
      <Status compact value={row.original.status} title={row.original.status_reason ?? undefined} />
    ),
    meta: { width: 80 },
  },
  { header: 'Kind', accessorKey: 'kind', meta: { wideOnly: true } },
  {
    header: 'Input from',
    accessorKey: 'input_from',
    cell: ({ row }) => unitPrice(row.original.input_from),
    meta: { align: 'right', help: 'The cheapest published offer, before the plan’s markup' },
  },
  {
    header: 'Output from',
    accessorKey: 'output_from',
    cell: ({ row }) => unitPrice(row.original.output_from),
    meta: { align: 'right', help: 'The cheapest published offer, before the plan’s markup' },
  },
  {
    header: 'Context',
    accessorKey: 'context_limit',
    cell: ({ row }) => <Count value={row.original.context_limit} compact />,
    meta: { align: 'right', wideOnly: true },
  },
  {
    header: 'Sellable offers',
    accessorKey: 'sellable',
    cell: ({ row }) => `${row.original.sellable} of ${row.original.deployments}`,
    meta: { align: 'right', wideOnly: true, help: 'Published, with a known price' },
  },
];

export default function Catalog() {
  return (
    <Switch>
      <Route path="/catalog/import">
        <Import />
      </Route>
      <Route path="/catalog/models/:id">{({ id }) => <Model id={decodeURIComponent(id)} />}</Route>
      <Route>
        <ModelList />
      </Route>
    </Switch>
  );
}

function ModelList() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const query = {
    q: state.q || undefined,
    provider: state.provider || undefined,
    status: state.status ?? undefined,
    cursor: paging.cursor,
  };
  const models = useQuery({
    queryKey: ['models', query],
    queryFn: ({ signal }) => take(api.GET('/models', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const filtered = state.q !== '' || state.provider !== '' || state.status !== null;
  return (
    <Page
      title="Catalog"
      about="What can be called, and what the cheapest host takes for it per million units."
      actions={
        <Button variant="default" component={Link} href="/catalog/import">
          Import
        </Button>
      }
    >
      <Filters onClear={filtered ? () => setState({ q: '', provider: '', status: null }) : undefined}>
        <TextFilter
          label="Search models"
          placeholder="Model"
          search
          value={state.q}
          onChange={(q) => setState({ q }, { replace: true })}
        />
        <TextFilter
          label="Provider"
          value={state.provider}
          onChange={(provider) => setState({ provider }, { replace: true })}
        />
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => setState({ status: status as (typeof STATUSES)[number] | null })}
          options={STATUSES.map((value) => ({ value, label: value }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="models"
          columns={COLUMNS}
          {...fromQuery(models)}
          rowId={(row) => row.id}
          href={(row) => `/catalog/models/${encodeURIComponent(row.id)}`}
          empty={
            filtered ? (
              <EmptyState title="No model is like that">Clear the filters to see all of them.</EmptyState>
            ) : (
              <EmptyState title="The catalog is empty">Import one to begin.</EmptyState>
            )
          }
          paging={paging}
          csv={csvHref('/models', query)}
        />
      </Panel>
    </Page>
  );
}
