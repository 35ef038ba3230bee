/* projects: what keys are grouped by; each can have a budget of its own over all of its keys. */
import { Button, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { api, csvHref, ifMatch, type Schemas, take } from '../../api/client';
import { sentence } from '../../lib/format';
import { readAmount } from '../../lib/money';
import { optionParam, textParam, usePaging, useUrlState, withParam } from '../../lib/url-state';
import { Count, Time } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { AmountInput, FormDrawer, useSubmit } from '../../parts/form';
import classes from '../../parts/form.module.css';
import { fromQuery } from '../../parts/from-query';
import { Icon } from '../../parts/icon';
import { BudgetMeter } from '../../parts/meter';
import { notify } from '../../parts/notify';
import { Page, Panel } from '../../parts/page';
import { EmptyState } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import { useMay } from '../../session/session';
import { useTenantId } from '../../session/tenant';

type Project = Schemas['Project'];
type Window = Schemas['Window'];

const STATE = {
  q: textParam(),
  status: optionParam(['active', 'archived'] as const),
  open: textParam(64),
};
const WINDOWS: { value: Window; label: string }[] = [
  { value: 'total', label: 'in total' },
  { value: 'day', label: 'a day' },
  { value: 'week', label: 'a week' },
  { value: 'month', label: 'a month' },
];

const COLUMNS: Columns<Project> = [
  { header: 'Name', accessorKey: 'name', meta: { main: true, width: 160 } },
  { header: 'Status', accessorKey: 'status', cell: ({ row }) => <Status value={row.original.status} /> },
  {
    header: 'Spent',
    accessorKey: 'spent',
    meta: { width: 150, help: 'Of the running window of its budget' },
    cell: ({ row: { original: project } }) => (
      <BudgetMeter spent={project.spent} budget={project.budget} window={project.budget_window} />
    ),
  },
  {
    header: 'Keys',
    accessorKey: 'keys',
    meta: { align: 'right', wideOnly: true },
    cell: ({ row }) => <Count value={row.original.keys} />,
  },
  {
    header: 'Made',
    accessorKey: 'created_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.created_at} />,
  },
];

export default function Projects() {
  const tenant = useTenantId();
  const steer = useMay('steer');
  const [state, set] = useUrlState(STATE);
  const [creating, setCreating] = useState(false);
  const paging = usePaging();
  const [path] = useLocation();
  const search = useSearch();
  const filters = { q: state.q || undefined, status: state.status ?? undefined };
  const projects = useQuery({
    queryKey: ['projects', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/projects', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const filtered = Boolean(state.q || state.status);
  const open = projects.data?.data.find((project) => project.id === state.open);
  return (
    <Page
      title="Projects"
      about="Keys belong to projects; a budget of a project holds for all of its keys together."
      actions={
        steer && (
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            New project
          </Button>
        )
      }
    >
      <Filters onClear={filtered ? () => set({ q: '', status: null }) : undefined}>
        <TextFilter
          search
          label="Search projects"
          placeholder="Search by name"
          value={state.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => set({ status: status as typeof state.status })}
          options={['active', 'archived'].map((status) => ({ value: status, label: sentence(status) }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="projects"
          columns={COLUMNS}
          {...fromQuery(projects)}
          rowId={(project) => project.id}
          {...(steer ? { href: (project: Project) => withParam(path, search, 'open', project.id) } : {})}
          openId={state.open}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/projects`, filters)}
          empty={<EmptyState title={filtered ? 'No project is like that' : 'There are no projects yet'} />}
        />
      </Panel>
      <ProjectForm key={`new:${creating}`} opened={creating} onClose={() => setCreating(false)} />
      {open && (
        <ProjectForm
          key={`${open.id}:${open.etag}`}
          subject={open}
          opened
          onClose={() => set({ open: '' }, { keepPage: true })}
        />
      )}
    </Page>
  );
}

interface ProjectFormProps {
  /** The project to change; without it a new one is made. */
  subject?: Project;
  opened: boolean;
  onClose: () => void;
}

function ProjectForm({ subject, opened, onClose }: ProjectFormProps) {
  const tenant = useTenantId();
  const client = useQueryClient();
  const [name, setName] = useState(subject?.name ?? '');
  const [budget, setBudget] = useState(subject?.budget ?? '');
  const [window, setWindow] = useState<Window>(subject?.budget_window ?? 'month');
  const done = async (message: string) => {
    notify(message);
    onClose();
    await client.invalidateQueries({ queryKey: ['projects', tenant] });
  };
  const amount = readAmount(budget);
  const limits = { budget: amount, budget_window: amount === null ? null : window };

  const make = useSubmit(async (body: Schemas['ProjectNew'], key) => {
    await take(
      api.POST('/tenants/{tenant}/projects', {
        params: { path: { tenant }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    await done(`Project “${body.name}” is made`);
  });
  const change = useSubmit(async (body: Schemas['ProjectPatch']) => {
    if (!subject) return;
    await take(
      api.PATCH('/tenants/{tenant}/projects/{project}', {
        params: { path: { tenant, project: subject.id }, header: ifMatch(subject.etag) },
        body,
      }),
    );
    await done(`Project “${name.trim()}” is changed`);
  });
  const { pending, error, fieldError } = subject ? change : make;
  const send = () => {
    if (subject) return void change.run({ name: name.trim(), ...limits });
    return void make.run({
      name: name.trim(),
      ...(amount === null ? {} : { budget: amount, budget_window: window }),
    });
  };
  const wrongBudget = budget.trim() !== '' && amount === null;

  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title={subject ? `Change “${subject.name}”` : 'New project'}
      submitLabel={subject ? 'Save' : 'Make project'}
      onSubmit={send}
      pending={pending}
      error={error}
      blocked={name.trim() === '' ? 'It needs a name' : wrongBudget ? 'The budget is no amount' : undefined}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError('name')}
        maxLength={200}
      />
      <div className={classes.pair}>
        <AmountInput
          label="Budget"
          placeholder="no limit"
          value={budget}
          onChange={setBudget}
          error={fieldError('budget')}
        />
        <Select
          label="Counted"
          data={WINDOWS}
          value={window}
          onChange={(value) => setWindow((value ?? 'month') as Window)}
          error={fieldError('budget_window')}
        />
      </div>
      {subject && (
        <div>
          <Button
            variant="default"
            onClick={() => void change.run({ status: subject.status === 'active' ? 'archived' : 'active' })}
          >
            {subject.status === 'active' ? 'Archive' : 'Take back'}
          </Button>
        </div>
      )}
    </FormDrawer>
  );
}
