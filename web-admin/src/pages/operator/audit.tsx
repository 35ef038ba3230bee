/* audit: everything that was changed, by whom, from where, and what it was before. */
import { Button, Drawer } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { api, csvHref, type Schemas, take } from '../../api/client';
import { formatCount } from '../../lib/format';
import { textParam, usePaging, useUrlState } from '../../lib/url-state';
import { Id, Time } from '../../parts/figures';
import { Filters, TextFilter } from '../../parts/filters';
import { useSubmit } from '../../parts/form';
import { fromQuery } from '../../parts/from-query';
import { Bone, Fact, Facts, Page, Panel } from '../../parts/page';
import { EmptyState, FormError } from '../../parts/states';
import { type Columns, DataTable } from '../../parts/table';
import classes from './operator.module.css';

type Row = Schemas['AuditRow'];

const PARAMS = { action: textParam(64), subject: textParam(), actor: textParam(64), open: textParam(20) };

const COLUMNS: Columns<Row> = [
  {
    header: 'When',
    accessorKey: 'at',
    cell: ({ row }) => <Time at={row.original.at} />,
    meta: { main: true },
  },
  { header: 'What', accessorKey: 'action', meta: { under: true } },
  {
    header: 'Of',
    accessorKey: 'subject',
    cell: ({ row }) => <Id value={row.original.subject} label="subject" />,
  },
  {
    header: 'By',
    accessorKey: 'actor',
    cell: ({ row }) => <Id value={row.original.actor} label="actor" />,
    meta: { wideOnly: true },
  },
  {
    header: 'From',
    accessorKey: 'address',
    cell: ({ row }) => row.original.address ?? '–',
    meta: { wideOnly: true },
  },
];

export default function Audit() {
  const [state, setState] = useUrlState(PARAMS);
  const paging = usePaging();
  const [, navigate] = useLocation();
  const query = {
    action: state.action || undefined,
    subject: state.subject || undefined,
    actor: state.actor || undefined,
    cursor: paging.cursor,
  };
  const rows = useQuery({
    queryKey: ['audit', query],
    queryFn: ({ signal }) => take(api.GET('/audit', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const filtered = state.action !== '' || state.subject !== '' || state.actor !== '';
  const open = rows.data?.data.find((row) => String(row.seq) === state.open);
  const hrefOf = (row: Row) => {
    const search = new URLSearchParams(window.location.search);
    search.set('open', String(row.seq));
    return `/audit?${search}`;
  };
  return (
    <Page title="Audit" about="Each row’s hash covers the one before it." actions={<Verify />}>
      <Filters onClear={filtered ? () => setState({ action: '', subject: '', actor: '' }) : undefined}>
        <TextFilter
          label="Of"
          placeholder="key_…, ten_…"
          search
          value={state.subject}
          onChange={(subject) => setState({ subject }, { replace: true })}
        />
        <TextFilter
          label="What"
          placeholder="key.create"
          value={state.action}
          onChange={(action) => setState({ action }, { replace: true })}
        />
        <TextFilter
          label="By"
          placeholder="opr_…"
          value={state.actor}
          onChange={(actor) => setState({ actor }, { replace: true })}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="changes"
          columns={COLUMNS}
          {...fromQuery(rows)}
          rowId={(row) => String(row.seq)}
          href={hrefOf}
          openId={state.open || null}
          empty={<EmptyState title={filtered ? 'No change is like that' : 'Nothing was changed yet'} />}
          paging={paging}
          csv={csvHref('/audit', query)}
        />
      </Panel>
      <Drawer
        opened={state.open !== ''}
        onClose={() => {
          const search = new URLSearchParams(window.location.search);
          search.delete('open');
          navigate(`/audit?${search}`, { replace: true });
        }}
        title={open ? open.action : 'Change'}
        size={520}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {open ? (
          <Change row={open} />
        ) : rows.data ? (
          <EmptyState title="It is not on this page" />
        ) : (
          <Bone height={200} />
        )}
      </Drawer>
    </Page>
  );
}

function Change({ row }: { row: Row }) {
  return (
    <div className={classes.stack}>
      <Facts>
        <Fact name="When">
          <Time at={row.at} />
        </Fact>
        <Fact name="Of">
          <Id value={row.subject} label="subject" short={false} />
        </Fact>
        <Fact name="By">
          <Id value={row.actor} label="actor" short={false} />
        </Fact>
        <Fact name="From">{row.address ?? '–'}</Fact>
        <Fact name="Hash">
          <Id value={row.hash} label="hash" />
        </Fact>
      </Facts>
      <div>
        <h3>Before</h3>
        <pre className={classes.json}>{row.before ? JSON.stringify(row.before, null, 2) : 'nothing'}</pre>
      </div>
      <div>
        <h3>After</h3>
        <pre className={classes.json}>{row.after ? JSON.stringify(row.after, null, 2) : 'nothing'}</pre>
      </div>
    </div>
  );
}

function Verify() {
  const [said, setSaid] = useState<Schemas['AuditCheck'] | null>(null);
  const submit = useSubmit(async () => setSaid(await take(api.GET('/audit/verify'))));
  return (
    <>
      {submit.error && <FormError error={submit.error} />}
      {said && (
        <span className={classes.note} role="status">
          {said.ok
            ? `${formatCount(said.rows)} rows, the chain holds`
            : `The chain is broken at row ${said.first_broken}`}
        </span>
      )}
      <Button variant="default" loading={submit.pending} onClick={() => void submit.run(undefined)}>
        Verify the chain
      </Button>
    </>
  );
}
