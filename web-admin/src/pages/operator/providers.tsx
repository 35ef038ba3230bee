/* providers: how their deployments answered lately, whether anything is sent to them, and what with. */
import { Button, PasswordInput, SegmentedControl, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, csvHref, ifMatch, type Schemas, take } from '../../api/client';
import { formatShare } from '../../lib/format';
import { choiceParam, flagParam, textParam, usePaging, useUrlState } from '../../lib/url-state';
import { Count, Duration, Time } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { Confirm, FormDrawer, useSubmit } from '../../parts/form';
import { fromQuery } from '../../parts/from-query';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import { ModelLink } from './model';
import classes from './operator.module.css';

const VIEWS = ['health', 'all', 'credentials'] as const;
const PARAMS = {
  view: choiceParam(VIEWS, 'health'),
  q: textParam(64),
  hours: choiceParam(['1', '24', '168'] as const, '24'),
  failing: flagParam(),
};
const TITLES = { health: 'Health', all: 'Providers', credentials: 'Credentials' };

export default function Providers() {
  const [state, setState] = useUrlState(PARAMS);
  return (
    <Page
      title="Providers"
      about="Attempts count here, not requests: a failover is one failure and one success."
    >
      <SegmentedControl
        className={classes.views}
        aria-label="View"
        value={state.view}
        onChange={(view) => setState({ view: view as (typeof VIEWS)[number] })}
        data={VIEWS.map((value) => ({ value, label: TITLES[value] }))}
      />
      {state.view === 'health' && <Health />}
      {state.view === 'all' && <List />}
      {state.view === 'credentials' && <Credentials />}
    </Page>
  );
}

const HEALTH: Columns<Schemas['ProviderHealth']> = [
  { header: 'Provider', accessorKey: 'provider', meta: { width: 100 } },
  { header: 'Model', accessorKey: 'model', cell: ({ row }) => <ModelLink id={row.original.model} /> },
  {
    header: 'Status',
    accessorKey: 'status',
    cell: ({ row }) => <Status value={row.original.status} />,
    meta: { wideOnly: true },
  },
  {
    header: 'Attempts',
    accessorKey: 'attempts',
    cell: ({ row }) => <Count value={row.original.attempts} />,
    meta: { align: 'right' },
  },
  {
    header: 'Failed',
    accessorKey: 'failure_rate',
    cell: ({ row }) => (
      <span title={`${row.original.failures} of ${row.original.attempts}`}>
        {formatShare(row.original.failure_rate)}
      </span>
    ),
    meta: { align: 'right' },
  },
  {
    header: 'p50',
    accessorKey: 'p50_ms',
    cell: ({ row }) => <Duration ms={row.original.p50_ms} />,
    meta: { align: 'right', wideOnly: true, help: 'Half of the attempts were shorter' },
  },
  {
    header: 'p95',
    accessorKey: 'p95_ms',
    cell: ({ row }) => <Duration ms={row.original.p95_ms} />,
    meta: { align: 'right' },
  },
  {
    header: 'First token p95',
    accessorKey: 'first_token_p95_ms',
    cell: ({ row }) => <Duration ms={row.original.first_token_p95_ms} />,
    meta: { align: 'right', wideOnly: true },
  },
  {
    header: 'Last failure',
    accessorKey: 'last_failure_at',
    cell: ({ row }) => (
      <>
        <Time at={row.original.last_failure_at} as="ago" none="none" /> {row.original.last_failure}
      </>
    ),
    meta: { wideOnly: true },
  },
];

function Health() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const query = {
    hours: Number(state.hours),
    provider: state.q || undefined,
    failing: state.failing || undefined,
    cursor: paging.cursor,
  };
  const health = useQuery({
    queryKey: ['provider-health', query],
    queryFn: ({ signal }) => take(api.GET('/provider-health', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <>
      <Filters
        onClear={
          state.q !== '' || state.failing ? () => setState({ q: '', failing: false, hours: '24' }) : undefined
        }
      >
        <TextFilter
          label="Provider"
          search
          value={state.q}
          onChange={(q) => setState({ q }, { replace: true })}
        />
        <ChoiceFilter
          label="Time"
          value={state.hours}
          onChange={(hours) => setState({ hours: (hours ?? '24') as typeof state.hours })}
          options={[
            { value: '1', label: 'Last hour' },
            { value: '24', label: 'Last 24 hours' },
            { value: '168', label: 'Last 7 days' },
          ]}
        />
        <ChoiceFilter
          label="Which"
          value={state.failing ? 'failing' : null}
          onChange={(value) => setState({ failing: value === 'failing' })}
          options={[{ value: 'failing', label: 'With failures' }]}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="deployments"
          columns={HEALTH}
          {...fromQuery(health)}
          rowId={(row) => row.deployment}
          empty={
            <EmptyState title="Nothing was sent to a provider">
              In the time chosen no deployment was called.
            </EmptyState>
          }
          paging={paging}
          csv={csvHref('/provider-health', query)}
        />
      </Panel>
    </>
  );
}

type Provider = Schemas['Provider'];

function providerColumns(onToggle: (provider: Provider) => void): Columns<Provider> {
  return [
    { header: 'Provider', accessorKey: 'id', meta: { width: 110 } },
    { header: 'Name', accessorKey: 'name', meta: { wideOnly: true } },
    { header: 'Status', accessorKey: 'status', cell: ({ row }) => <Status value={row.original.status} /> },
    {
      header: 'Deployments',
      accessorKey: 'deployments',
      cell: ({ row }) => `${row.original.published} of ${row.original.deployments}`,
      meta: { align: 'right', help: 'Published, of all' },
    },
    {
      header: 'Credentials',
      accessorKey: 'credentials',
      cell: ({ row }) => <Count value={row.original.credentials} />,
      meta: { align: 'right' },
    },
    {
      header: 'Drain',
      id: 'drain',
      cell: ({ row }) =>
        row.original.status !== 'retired' && (
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => onToggle(row.original)}
            aria-label={`${row.original.status === 'active' ? 'Drain' : 'Take back'} ${row.original.id}`}
          >
            {row.original.status === 'active' ? 'Drain' : 'Take back'}
          </Button>
        ),
    },
  ];
}

function List() {
  const client = useQueryClient();
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const [wanted, setWanted] = useState<Provider | null>(null);
  const query = { q: state.q || undefined, cursor: paging.cursor };
  const providers = useQuery({
    queryKey: ['providers', query],
    queryFn: ({ signal }) => take(api.GET('/providers', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const to = wanted?.status === 'active' ? 'disabled' : 'active';
  const submit = useSubmit(async (provider: Provider) => {
    await take(
      api.PATCH('/providers/{provider}', {
        params: { path: { provider: provider.id }, header: ifMatch(provider.etag) },
        body: { status: to },
      }),
    );
    await client.invalidateQueries({ queryKey: ['providers'] });
    notify(to === 'disabled' ? `Nothing goes to ${provider.id} any more.` : `${provider.id} is back.`);
    setWanted(null);
  });
  return (
    <>
      <Filters onClear={state.q ? () => setState({ q: '' }) : undefined}>
        <TextFilter
          label="Search providers"
          search
          value={state.q}
          onChange={(q) => setState({ q }, { replace: true })}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="providers"
          columns={providerColumns(setWanted)}
          {...fromQuery(providers)}
          rowId={(row) => row.id}
          empty={<EmptyState title="No provider is like that" />}
          paging={paging}
          csv={csvHref('/providers', query)}
        />
      </Panel>
      <Confirm
        opened={wanted !== null}
        onClose={() => setWanted(null)}
        title={to === 'disabled' ? `Drain ${wanted?.name}?` : `Take ${wanted?.name} back?`}
        confirmLabel={to === 'disabled' ? 'Drain' : 'Take back'}
        onConfirm={() => wanted && void submit.run(wanted)}
        pending={submit.pending}
        error={submit.error}
      >
        {to === 'disabled'
          ? 'Nothing new is sent to it within a few seconds; what runs ends by itself. Models that only it offers cannot be called.'
          : 'It is called again within a few seconds.'}
      </Confirm>
    </>
  );
}

type Credential = Schemas['Credential'];

function credentialColumns(onToggle: (credential: Credential) => void): Columns<Credential> {
  return [
    { header: 'Name', accessorKey: 'name', meta: { width: 120 } },
    { header: 'Provider', accessorKey: 'provider' },
    {
      header: 'Goes to',
      accessorKey: 'origin',
      meta: { wideOnly: true, help: 'The only host it may be sent to' },
    },
    { header: 'Status', accessorKey: 'status', cell: ({ row }) => <Status value={row.original.status} /> },
    {
      header: 'Since',
      accessorKey: 'created_at',
      cell: ({ row }) => <Time at={row.original.created_at} />,
      meta: { wideOnly: true },
    },
    {
      header: 'Use',
      id: 'use',
      cell: ({ row }) => (
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => onToggle(row.original)}
          aria-label={`${row.original.status === 'active' ? 'Disable' : 'Enable'} ${row.original.name}`}
        >
          {row.original.status === 'active' ? 'Disable' : 'Enable'}
        </Button>
      ),
    },
  ];
}

function Credentials() {
  const client = useQueryClient();
  const paging = usePaging();
  const [making, setMaking] = useState(false);
  const [wanted, setWanted] = useState<Credential | null>(null);
  const query = { cursor: paging.cursor };
  const credentials = useQuery({
    queryKey: ['credentials', query],
    queryFn: ({ signal }) => take(api.GET('/credentials', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const to = wanted?.status === 'active' ? 'disabled' : 'active';
  const submit = useSubmit(async (credential: Credential) => {
    await take(
      api.PATCH('/credentials/{credential}', {
        params: { path: { credential: credential.id }, header: ifMatch(credential.etag) },
        body: { status: to },
      }),
    );
    await client.invalidateQueries({ queryKey: ['credentials'] });
    notify(`${credential.name} is ${to === 'active' ? 'in use' : 'disabled'}.`);
    setWanted(null);
  });
  return (
    <>
      <Panel
        title="Credentials"
        aside={
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
            Add credential
          </Button>
        }
        flush
      >
        <DataTable
          label="credentials"
          columns={credentialColumns(setWanted)}
          {...fromQuery(credentials)}
          rowId={(row) => row.id}
          empty={
            <EmptyState title="No provider has a credential yet">
              Without one, a provider’s models are served by the sandbox in a trial and by nobody in
              production.
            </EmptyState>
          }
          paging={paging}
          skeletonRows={4}
        />
      </Panel>
      <AddCredential opened={making} onClose={() => setMaking(false)} />
      <Confirm
        opened={wanted !== null}
        onClose={() => setWanted(null)}
        title={to === 'disabled' ? `Disable ${wanted?.name}?` : `Use ${wanted?.name} again?`}
        confirmLabel={to === 'disabled' ? 'Disable' : 'Enable'}
        onConfirm={() => wanted && void submit.run(wanted)}
        pending={submit.pending}
        error={submit.error}
      >
        {to === 'disabled'
          ? 'It is not used any more within a few seconds. The secret stays, sealed.'
          : 'It is used again within a few seconds.'}
      </Confirm>
    </>
  );
}

function AddCredential({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [provider, setProvider] = useState('');
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('');
  const submit = useSubmit(async (body: Schemas['CredentialNew'], key) => {
    await take(api.POST('/credentials', { params: { header: { 'Idempotency-Key': key } }, body }));
    await client.invalidateQueries({ queryKey: ['credentials'] });
    notify(`${body.name} is kept, sealed.`);
    setSecret('');
    setName('');
    onClose();
  });
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title="Add a credential"
      submitLabel="Keep it"
      pending={submit.pending}
      error={submit.error}
      blocked={provider && name.trim() && secret ? undefined : 'Provider, name and secret are needed'}
      onSubmit={() => void submit.run({ provider: provider.trim(), name: name.trim(), secret })}
    >
      <TextInput
        label="Provider"
        description="As the catalog calls it: openai, anthropic, …"
        value={provider}
        onChange={(event) => setProvider(event.currentTarget.value)}
        error={submit.fieldError('provider')}
        maxLength={64}
        data-autofocus
        required
      />
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={submit.fieldError('name')}
        maxLength={200}
        required
      />
      <PasswordInput
        label="Secret"
        description="Sealed before it is stored, and never shown again."
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
        error={submit.fieldError('secret')}
        autoComplete="off"
        maxLength={16384}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the secret' }}
        required
      />
    </FormDrawer>
  );
}
