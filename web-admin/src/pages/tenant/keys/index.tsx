/* keys: the keys of a tenant. */
import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { optionParam, textParam, usePaging, useUrlState, withParam } from '../../../lib/url-state';
import { Time } from '../../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../../parts/filters';
import { fromQuery } from '../../../parts/from-query';
import { Icon } from '../../../parts/icon';
import { BudgetMeter } from '../../../parts/meter';
import { Page, Panel } from '../../../parts/page';
import { EmptyState } from '../../../parts/states';
import { Status } from '../../../parts/status';
import { type Columns, DataTable } from '../../../parts/table';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import { CreateKey } from './key-dialogs';
import { KeySheet } from './key-sheet';

type Key = Schemas['Key'];

const STATE = {
  q: textParam(),
  status: optionParam(['active', 'disabled', 'revoked', 'expired'] as const),
  kind: optionParam(['live', 'test', 'mgmt'] as const),
  open: textParam(64),
};

const COLUMNS: Columns<Key> = [
  { header: 'Name', accessorKey: 'name', meta: { main: true, width: 140 } },
  {
    header: 'Status',
    accessorKey: 'status',
    cell: ({ row }) => <Status value={row.original.status} />,
  },
  {
    header: 'Kind',
    accessorKey: 'kind',
    meta: { wideOnly: true },
    cell: ({ row }) => ({ live: 'Live', test: 'Test', mgmt: 'Management' })[row.original.kind],
  },
  { header: 'Project', accessorKey: 'project_name', meta: { wideOnly: true } },
  {
    header: 'Spent',
    accessorKey: 'spent',
    meta: { width: 150, help: 'Of the running window of its budget, else of all time' },
    cell: ({ row: { original: key } }) =>
      key.kind === 'mgmt' ? (
        '–'
      ) : (
        <BudgetMeter spent={key.spent} budget={key.budget} window={key.budget_window} />
      ),
  },
  {
    header: 'Last used',
    accessorKey: 'last_used_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.last_used_at} as="ago" none="never" />,
  },
  {
    header: 'Expires',
    accessorKey: 'expires_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.expires_at} as="ago" none="never" />,
  },
];

export default function Keys() {
  const tenant = useTenantId();
  const mayWrite = useMay('keys:write');
  const [state, set] = useUrlState(STATE);
  const [creating, setCreating] = useState(false);
  const paging = usePaging();
  const [path] = useLocation();
  const search = useSearch();
  const filters = {
    q: state.q || undefined,
    status: state.status ?? undefined,
    kind: state.kind ?? undefined,
  };
  const keys = useQuery({
    queryKey: ['keys', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/keys', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const filtered = Boolean(state.q || state.status || state.kind);

  return (
    <Page
      title="Keys"
      about="What your programs call models with. Each can have its own budget and limits."
      actions={
        mayWrite && (
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            New key
          </Button>
        )
      }
    >
      <Filters onClear={filtered ? () => set({ q: '', status: null, kind: null }) : undefined}>
        <TextFilter
          search
          label="Search keys"
          placeholder="Search by name"
          value={state.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => set({ status: status as typeof state.status })}
          options={[
            { value: 'active', label: 'Active' },
            { value: 'disabled', label: 'Disabled' },
            { value: 'revoked', label: 'Revoked' },
            { value: 'expired', label: 'Expired' },
          ]}
        />
        <ChoiceFilter
          label="Kind"
          value={state.kind}
          onChange={(kind) => set({ kind: kind as typeof state.kind })}
          options={[
            { value: 'live', label: 'Live' },
            { value: 'test', label: 'Test' },
            { value: 'mgmt', label: 'Management' },
          ]}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="keys"
          columns={COLUMNS}
          {...fromQuery(keys)}
          rowId={(key) => key.id}
          href={(key) => withParam(path, search, 'open', key.id)}
          openId={state.open}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/keys`, filters)}
          empty={
            filtered ? (
              <EmptyState title="No key is like that">Another name or status may find it.</EmptyState>
            ) : (
              <EmptyState
                title="There are no keys yet"
                action={mayWrite && <Button onClick={() => setCreating(true)}>New key</Button>}
              >
                Make one, put it where your program has its OpenAI key, and point its base URL here.
              </EmptyState>
            )
          }
        />
      </Panel>
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
      <KeySheet
        id={state.open || null}
        known={keys.data?.data.find((key) => key.id === state.open)}
        onClose={() => set({ open: '' }, { keepPage: true })}
      />
    </Page>
  );
}
