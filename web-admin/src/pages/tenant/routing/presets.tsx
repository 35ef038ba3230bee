/* presets: the presets of a tenant. */
import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../../api/client';
import { textParam, usePaging, useUrlState, withParam } from '../../../lib/url-state';
import { Count, Time } from '../../../parts/figures';
import { Filters, TextFilter } from '../../../parts/filters';
import { fromQuery } from '../../../parts/from-query';
import { Icon } from '../../../parts/icon';
import { Panel } from '../../../parts/page';
import { EmptyState } from '../../../parts/states';
import { type Columns, DataTable } from '../../../parts/table';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import { DefaultOf } from './default-of';
import { NewPreset, PresetSheet } from './preset-sheet';

type Preset = Schemas['PresetListed'];

const STATE = { q: textParam(64), open: textParam(64) };

const COLUMNS: Columns<Preset> = [
  { header: 'Name', accessorKey: 'name', meta: { main: true, width: 140 } },
  {
    header: 'Version',
    accessorKey: 'version',
    meta: { align: 'right' },
    cell: ({ row }) => <Count value={row.original.version} />,
  },
  {
    header: 'Default of',
    accessorKey: 'default_of',
    meta: { help: 'Whose requests go by it when they name no preset' },
    cell: ({ row }) => <DefaultOf ids={row.original.default_of} />,
  },
  {
    header: 'Changed',
    accessorKey: 'updated_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.updated_at} as="ago" />,
  },
  { header: 'By', accessorKey: 'updated_by', meta: { wideOnly: true } },
];

export function Presets() {
  const tenant = useTenantId();
  const mayWrite = useMay('routing:write');
  const [state, set] = useUrlState(STATE);
  const [making, setMaking] = useState(false);
  const paging = usePaging();
  const [path] = useLocation();
  const search = useSearch();
  const filters = { q: state.q || undefined };
  const presets = useQuery({
    queryKey: ['presets', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/presets', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const button = mayWrite && (
    <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
      New preset
    </Button>
  );
  return (
    <>
      <Filters onClear={state.q ? () => set({ q: '' }) : undefined}>
        <TextFilter
          search
          label="Search presets"
          placeholder="Search by name"
          value={state.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        {button}
      </Filters>
      <Panel flush>
        <DataTable
          label="presets"
          columns={COLUMNS}
          {...fromQuery(presets)}
          rowId={(preset) => preset.id}
          href={(preset) => withParam(path, search, 'open', preset.name)}
          openId={presets.data?.data.find((preset) => preset.name === state.open)?.id ?? null}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/presets`, filters)}
          empty={
            state.q ? (
              <EmptyState title="No preset is called that" />
            ) : (
              <EmptyState title="There are no presets yet">
                A preset says which models a request is tried at: one after the other, in shares, or by
                conditions. tollgatectl route import makes them of Portkey’s and LiteLLM’s configurations.
              </EmptyState>
            )
          }
        />
      </Panel>
      <NewPreset
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(name) => {
          setMaking(false);
          set({ open: name }, { keepPage: true });
        }}
      />
      <PresetSheet name={state.open || null} onClose={() => set({ open: '' }, { keepPage: true })} />
    </>
  );
}
