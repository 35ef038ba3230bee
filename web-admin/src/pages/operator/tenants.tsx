/* tenants: who is served: what they may still spend, what they have spent and what that cost us. */
import { Button, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../api/client';
import { readAmount } from '../../lib/money';
import { optionParam, textParam, usePaging, useUrlState } from '../../lib/url-state';
import { Count, Money } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { AmountInput, FormDrawer, useSubmit } from '../../parts/form';
import { fromQuery } from '../../parts/from-query';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import Tenant from './tenant';

type TenantRow = Schemas['Tenant'];

const STATUSES = ['active', 'suspended', 'past_due', 'closed'] as const;
const PARAMS = { q: textParam(), status: optionParam(STATUSES) };

const COLUMNS: Columns<TenantRow> = [
  { header: 'Tenant', accessorKey: 'name', meta: { main: true, width: 160 } },
  {
    header: 'Status',
    accessorKey: 'status',
    cell: ({ row }) => <Status value={row.original.status} />,
    meta: { width: 64 },
  },
  {
    header: 'Plan',
    accessorKey: 'plan',
    cell: ({ row }) => row.original.plan ?? '–',
    meta: { wideOnly: true },
  },
  {
    header: 'May still spend',
    accessorKey: 'free',
    cell: ({ row }) => <Money value={row.original.free} as="cents" />,
    meta: { align: 'right' },
  },
  {
    header: 'Charged, 30 days',
    accessorKey: 'charge_30d',
    cell: ({ row }) => <Money value={row.original.charge_30d} />,
    meta: { align: 'right' },
  },
  {
    header: 'Cost, 30 days',
    accessorKey: 'cost_30d',
    cell: ({ row }) => <Money value={row.original.cost_30d} />,
    meta: { align: 'right', wideOnly: true, help: 'What the providers took' },
  },
  {
    header: 'Requests, 30 days',
    accessorKey: 'requests_30d',
    cell: ({ row }) => <Count value={row.original.requests_30d} compact />,
    meta: { align: 'right', wideOnly: true },
  },
];

export default function Tenants() {
  return (
    <Switch>
      <Route path="/tenants/:id">{({ id }) => <Tenant id={id} />}</Route>
      <Route>
        <TenantList />
      </Route>
    </Switch>
  );
}

function TenantList() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const [making, setMaking] = useState(false);
  const query = { q: state.q || undefined, status: state.status ?? undefined, cursor: paging.cursor };
  const tenants = useQuery({
    queryKey: ['tenants', query],
    queryFn: ({ signal }) => take(api.GET('/tenants', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const filtered = state.q !== '' || state.status !== null;
  return (
    <Page
      title="Tenants"
      about="Newest first. The last 30 days are in UTC."
      actions={
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
          New tenant
        </Button>
      }
    >
      <Filters onClear={filtered ? () => setState({ q: '', status: null }) : undefined}>
        <TextFilter
          label="Search tenants"
          placeholder="Name or id"
          search
          value={state.q}
          onChange={(q) => setState({ q }, { replace: true })}
        />
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => setState({ status: status as (typeof STATUSES)[number] | null })}
          options={STATUSES.map((value) => ({ value, label: value.replace('_', ' ') }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="tenants"
          columns={COLUMNS}
          {...fromQuery(tenants)}
          rowId={(row) => row.id}
          href={(row) => `/tenants/${row.id}`}
          empty={
            filtered ? (
              <EmptyState title="No tenant is like that">Clear the filters to see all of them.</EmptyState>
            ) : (
              <EmptyState title="There is no tenant yet">Make the first one with "New tenant".</EmptyState>
            )
          }
          paging={paging}
          csv={csvHref('/tenants', query)}
        />
      </Panel>
      <NewTenant opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

const MODES = [
  { value: 'prepaid', label: 'Prepaid: spends what it has' },
  { value: 'postpaid', label: 'Postpaid: owes up to its credit limit' },
  { value: 'hybrid', label: 'Hybrid: first what it has, then the limit' },
];

function NewTenant({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [plan, setPlan] = useState('free');
  const [mode, setMode] = useState<Schemas['TenantNew']['billing_mode']>('prepaid');
  const [limit, setLimit] = useState('');
  const plans = useQuery({
    queryKey: ['plans', 'current'],
    queryFn: ({ signal }) =>
      take(api.GET('/plans', { params: { query: { state: 'current', limit: 200 } }, signal })),
    enabled: opened,
  });
  const submit = useSubmit(async (body: Schemas['TenantNew'], key) => {
    const made = await take(api.POST('/tenants', { params: { header: { 'Idempotency-Key': key } }, body }));
    await client.invalidateQueries({ queryKey: ['tenants'] });
    notify(`${made.name} is made.`);
    navigate(`/tenants/${made.id}`);
  });
  const amount = readAmount(limit);
  const owes = mode !== 'prepaid';
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title="New tenant"
      submitLabel="Make tenant"
      pending={submit.pending}
      error={submit.error}
      blocked={name.trim() === '' ? 'It needs a name' : undefined}
      onSubmit={() =>
        void submit.run({
          name: name.trim(),
          plan,
          billing_mode: mode,
          ...(owes && amount !== null ? { credit_limit: amount } : {}),
        })
      }
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={submit.fieldError('name')}
        maxLength={200}
        data-autofocus
        required
      />
      <Select
        label="Plan"
        data={(plans.data?.data ?? []).map((one) => ({
          value: one.plan,
          label: `${one.name} (${one.plan})`,
        }))}
        value={plan}
        onChange={(value) => setPlan(value ?? 'free')}
        error={submit.fieldError('plan')}
      />
      <Select
        label="How it pays"
        data={MODES}
        value={mode ?? 'prepaid'}
        onChange={(value) => setMode((value ?? 'prepaid') as typeof mode)}
        error={submit.fieldError('billing_mode')}
      />
      {owes && (
        <AmountInput
          label="Credit limit"
          description="How much it may owe at any moment."
          value={limit}
          onChange={setLimit}
          error={submit.fieldError('credit_limit')}
        />
      )}
    </FormDrawer>
  );
}
