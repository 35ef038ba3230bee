/* prices: every version of every price, those to come too. A version is never edited; a new one follows it. */

import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, csvHref, type Schemas, take } from '../../api/client';
import { formatUnitPrice } from '../../lib/money';
import { choiceParam, textParam, usePaging, useUrlState } from '../../lib/url-state';
import { Time } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { fromQuery } from '../../parts/from-query';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import { ModelLink } from './model';
import PriceForm from './price-form';

type Price = Schemas['Price'];

const STATES = ['current', 'future', 'past'] as const;
const PARAMS = {
  model: textParam(),
  provider: textParam(64),
  state: choiceParam(['any', ...STATES], 'current'),
  book: choiceParam(['any', 'list', 'cost'] as const, 'list'),
};

function rateOf(price: Price, meter: string): string {
  const rate = price.rates.find(
    (one) => one.meter === meter && one.mode === 'standard' && one.context_over === 0,
  );
  return rate ? formatUnitPrice(rate.per_million) : '–';
}

function columns(onChange: (price: Price) => void): Columns<Price> {
  return [
    {
      header: 'Model',
      accessorKey: 'model',
      cell: ({ row }) => <ModelLink id={row.original.model} />,
      meta: { width: 180 },
    },
    { header: 'Provider', accessorKey: 'provider', meta: { under: true } },
    {
      header: 'State',
      accessorKey: 'state',
      cell: ({ row }) => <Status compact value={row.original.state} />,
      meta: { width: 64 },
    },
    {
      header: 'Input',
      id: 'input',
      cell: ({ row }) => rateOf(row.original, 'input'),
      meta: { align: 'right' },
    },
    {
      header: 'Output',
      id: 'output',
      cell: ({ row }) => rateOf(row.original, 'output'),
      meta: { align: 'right' },
    },
    {
      header: 'From',
      accessorKey: 'effective_from',
      cell: ({ row }) => <Time at={row.original.effective_from} />,
      meta: { wideOnly: true },
    },
    {
      header: 'Until',
      accessorKey: 'effective_until',
      cell: ({ row }) => <Time at={row.original.effective_until} none="open" />,
      meta: { wideOnly: true },
    },
    { header: 'Book', accessorKey: 'book', meta: { wideOnly: true } },
    { header: 'By', accessorKey: 'created_by', meta: { wideOnly: true } },
    {
      header: 'Change',
      id: 'change',
      cell: ({ row }) => (
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => onChange(row.original)}
          aria-label={`Change the price of ${row.original.model} at ${row.original.provider}`}
        >
          Change
        </Button>
      ),
    },
  ];
}

export default function Prices() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const [changing, setChanging] = useState<Price | null>(null);
  const query = {
    model: state.model || undefined,
    provider: state.provider || undefined,
    state: state.state === 'any' ? undefined : state.state,
    book: state.book === 'any' ? undefined : state.book,
    cursor: paging.cursor,
  };
  const prices = useQuery({
    queryKey: ['prices', query],
    queryFn: ({ signal }) => take(api.GET('/prices', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const filtered =
    state.model !== '' || state.provider !== '' || state.state !== 'current' || state.book !== 'list';
  return (
    <Page
      title="Prices"
      about="USD per million units. The past is never edited: a change is a new version from a time on."
    >
      <Filters
        onClear={
          filtered ? () => setState({ model: '', provider: '', state: 'current', book: 'list' }) : undefined
        }
      >
        <TextFilter
          label="Model"
          placeholder="author/model"
          search
          value={state.model}
          onChange={(model) => setState({ model }, { replace: true })}
        />
        <TextFilter
          label="Provider"
          value={state.provider}
          onChange={(provider) => setState({ provider }, { replace: true })}
        />
        <ChoiceFilter
          label="State"
          value={state.state === 'any' ? null : state.state}
          onChange={(value) => setState({ state: (value ?? 'any') as typeof state.state })}
          options={STATES.map((value) => ({ value, label: value }))}
        />
        <ChoiceFilter
          label="Book"
          value={state.book === 'any' ? null : state.book}
          onChange={(value) => setState({ book: (value ?? 'any') as typeof state.book })}
          options={[
            { value: 'list', label: 'List: tenants pay' },
            { value: 'cost', label: 'Cost: we pay' },
          ]}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="prices"
          columns={columns(setChanging)}
          {...fromQuery(prices)}
          rowId={(row) => row.id}
          empty={
            <EmptyState title="No price is like that">
              {state.state === 'future' ? 'Nothing is planned.' : 'Clear the filters to see those of today.'}
            </EmptyState>
          }
          paging={paging}
          csv={csvHref('/prices', query)}
        />
      </Panel>
      {changing && (
        <PriceForm
          offer={changing}
          model={changing.model}
          book={changing.book}
          onClose={() => setChanging(null)}
        />
      )}
    </Page>
  );
}
