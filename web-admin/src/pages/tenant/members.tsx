/* members: who of a tenant may sign in, and as what. */
import { Button, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { api, csvHref, ifMatch, type Schemas, take } from '../../api/client';
import { sentence } from '../../lib/format';
import { optionParam, textParam, usePaging, useUrlState, withParam } from '../../lib/url-state';
import { Id, Time } from '../../parts/figures';
import { ChoiceFilter, Filters, TextFilter } from '../../parts/filters';
import { Confirm, FormDrawer, useSubmit } from '../../parts/form';
import formClasses from '../../parts/form.module.css';
import { fromQuery } from '../../parts/from-query';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Fact, Facts, Page, Panel } from '../../parts/page';
import { SecretModal } from '../../parts/secret';
import { Sheet } from '../../parts/sheet';
import { EmptyState, ErrorState, FormError } from '../../parts/states';
import { Status } from '../../parts/status';
import { type Columns, DataTable } from '../../parts/table';
import { useMay, useSession } from '../../session/session';
import { useTenantId } from '../../session/tenant';

type Member = Schemas['Member'];
type Role = Schemas['Role'];

const ROLES: { value: Role; label: string }[] = [
  { value: 'owner', label: 'Owner: everything, members and their roles among it' },
  { value: 'admin', label: 'Admin: everything but owners' },
  { value: 'billing', label: 'Billing: reads spend, ledger and invoices' },
  { value: 'developer', label: 'Developer: keys, and what was called with them' },
  { value: 'viewer', label: 'Viewer: reads' },
];
const ROLE_VALUES = ['owner', 'admin', 'billing', 'developer', 'viewer'] as const;
const STATE = {
  q: textParam(),
  role: optionParam(ROLE_VALUES),
  status: optionParam(['invited', 'active', 'disabled'] as const),
  open: textParam(64),
};

const COLUMNS: Columns<Member> = [
  { header: 'E-mail', accessorKey: 'email', meta: { main: true, width: 180 } },
  {
    header: 'Name',
    accessorKey: 'name',
    meta: { wideOnly: true },
    cell: ({ row }) => row.original.name || '–',
  },
  { header: 'Role', accessorKey: 'role', cell: ({ row }) => sentence(row.original.role) },
  { header: 'Status', accessorKey: 'status', cell: ({ row }) => <Status value={row.original.status} /> },
  {
    header: 'Last seen',
    accessorKey: 'last_seen_at',
    meta: { wideOnly: true },
    cell: ({ row }) => <Time at={row.original.last_seen_at} as="ago" none="never" />,
  },
];

function useMembersChanged(): () => Promise<void> {
  const client = useQueryClient();
  const tenant = useTenantId();
  return () => client.invalidateQueries({ queryKey: ['members', tenant] });
}

export default function Members() {
  const tenant = useTenantId();
  const steer = useMay('steer');
  const [state, set] = useUrlState(STATE);
  const [inviting, setInviting] = useState(false);
  const paging = usePaging();
  const [path] = useLocation();
  const search = useSearch();
  const filters = {
    q: state.q || undefined,
    role: state.role ?? undefined,
    status: state.status ?? undefined,
  };
  const members = useQuery({
    queryKey: ['members', tenant, filters, paging.cursor],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/members', {
          params: { path: { tenant }, query: { ...filters, cursor: paging.cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const filtered = Boolean(state.q || state.role || state.status);
  return (
    <Page
      title="Members"
      about="People that may sign in here, and what they may do."
      actions={
        steer && (
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setInviting(true)}>
            New member
          </Button>
        )
      }
    >
      <Filters onClear={filtered ? () => set({ q: '', role: null, status: null }) : undefined}>
        <TextFilter
          search
          label="Search members"
          placeholder="Search by e-mail or name"
          value={state.q}
          onChange={(q) => set({ q }, { replace: true })}
        />
        <ChoiceFilter
          label="Role"
          value={state.role}
          onChange={(role) => set({ role: role as typeof state.role })}
          options={ROLE_VALUES.map((role) => ({ value: role, label: sentence(role) }))}
        />
        <ChoiceFilter
          label="Status"
          value={state.status}
          onChange={(status) => set({ status: status as typeof state.status })}
          options={['invited', 'active', 'disabled'].map((status) => ({
            value: status,
            label: sentence(status),
          }))}
        />
      </Filters>
      <Panel flush>
        <DataTable
          label="members"
          columns={COLUMNS}
          {...fromQuery(members)}
          rowId={(member) => member.id}
          href={(member) => withParam(path, search, 'open', member.id)}
          openId={state.open}
          paging={paging}
          csv={csvHref(`/tenants/${tenant}/members`, filters)}
          empty={<EmptyState title={filtered ? 'No member is like that' : 'There are no members yet'} />}
        />
      </Panel>
      <Invite opened={inviting} onClose={() => setInviting(false)} />
      <MemberSheet
        id={state.open || null}
        known={members.data?.data.find((member) => member.id === state.open)}
        onClose={() => set({ open: '' }, { keepPage: true })}
      />
    </Page>
  );
}

const NOBODY = { email: '', name: '', role: 'developer' as Role };

function Invite({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const tenant = useTenantId();
  const changed = useMembersChanged();
  const [form, setForm] = useState(NOBODY);
  const [made, setMade] = useState<{ email: string; password: string } | null>(null);
  const submit = useSubmit(async (body: Schemas['MemberNew'], key) => {
    const answer = await take(
      api.POST('/tenants/{tenant}/members', {
        params: { path: { tenant }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    if (answer.password) setMade({ email: body.email, password: answer.password });
    setForm(NOBODY);
    onClose();
    await changed();
  });
  const send = () => {
    const name = form.name.trim();
    void submit.run({ email: form.email.trim(), role: form.role, ...(name ? { name } : {}) });
  };
  return (
    <>
      <FormDrawer
        opened={opened}
        onClose={onClose}
        title="New member"
        submitLabel="Make member"
        onSubmit={send}
        pending={submit.pending}
        error={submit.error}
        blocked={form.email.includes('@') ? undefined : 'It needs an e-mail'}
      >
        <TextInput
          label="E-mail"
          type="email"
          required
          data-autofocus
          autoComplete="off"
          value={form.email}
          onChange={(event) => {
            const email = event.currentTarget.value;
            setForm((before) => ({ ...before, email }));
          }}
          error={submit.fieldError('email')}
          maxLength={320}
        />
        <TextInput
          label="Name"
          autoComplete="off"
          value={form.name}
          onChange={(event) => {
            const name = event.currentTarget.value;
            setForm((before) => ({ ...before, name }));
          }}
          error={submit.fieldError('name')}
          maxLength={200}
        />
        <Select
          label="Role"
          data={ROLES}
          value={form.role}
          onChange={(role) => setForm((before) => ({ ...before, role: (role ?? 'developer') as Role }))}
          error={submit.fieldError('role')}
        />
        <p className={formClasses.say}>
          A first password is made and shown to you once. Give it to them; they change it after signing in.
        </p>
      </FormDrawer>
      <SecretModal
        title={`First password of ${made?.email ?? ''}`}
        secret={made?.password ?? null}
        what="password"
        onClose={() => setMade(null)}
      />
    </>
  );
}

interface MemberSheetProps {
  id: string | null;
  known: Member | undefined;
  onClose: () => void;
}

function MemberSheet({ id, known, onClose }: MemberSheetProps) {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['members', tenant, 'one', id],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/members/{member}', {
          params: { path: { tenant, member: id ?? '' } },
          signal,
        }),
      ),
    enabled: id !== null,
    placeholderData: known,
  });
  return (
    <Sheet
      opened={id !== null}
      onClose={onClose}
      title={data?.email ?? 'Member'}
      about={
        data && (
          <>
            <Status value={data.status} />
            <Id value={data.id} label="member id" />
          </>
        )
      }
    >
      {error && !data && (
        <ErrorState error={error} what="The member could not be read" retry={() => void refetch()} />
      )}
      {data && <MemberBody key={data.etag} subject={data} />}
    </Sheet>
  );
}

function MemberBody({ subject }: { subject: Member }) {
  const tenant = useTenantId();
  const steer = useMay('steer');
  const { session } = useSession();
  const changed = useMembersChanged();
  const [disabling, setDisabling] = useState(false);
  const [password, setPassword] = useState<string | null>(null);
  const path = { tenant, member: subject.id };
  const patch = useSubmit(async (body: Schemas['MemberPatch']) => {
    await take(
      api.PATCH('/tenants/{tenant}/members/{member}', {
        params: { path, header: ifMatch(subject.etag) },
        body,
      }),
    );
    setDisabling(false);
    notify(`${subject.email} is changed`);
    await changed();
  });
  const reset = useSubmit(async (_: null, key) => {
    const answer = await take(
      api.POST('/tenants/{tenant}/members/{member}/reset-password', {
        params: { path, header: { 'Idempotency-Key': key } },
      }),
    );
    setPassword(answer.password);
  });
  const self = session.id === subject.id;

  return (
    <>
      <FormError error={patch.error ?? reset.error} />
      <Facts>
        <Fact name="Name">{subject.name || '–'}</Fact>
        <Fact name="Role">{sentence(subject.role)}</Fact>
        <Fact name="Last seen">
          <Time at={subject.last_seen_at} none="Never" />
        </Fact>
        <Fact name="Member since">
          <Time at={subject.created_at} />
        </Fact>
      </Facts>
      {steer && !self && (
        <>
          <Select
            label="Role"
            data={ROLES}
            value={subject.role}
            disabled={patch.pending}
            onChange={(role) => role && role !== subject.role && void patch.run({ role: role as Role })}
            error={patch.fieldError('role')}
          />
          <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
            <Button variant="default" loading={reset.pending} onClick={() => void reset.run(null)}>
              Make a new password
            </Button>
            {subject.status === 'disabled' ? (
              <Button
                variant="default"
                loading={patch.pending}
                onClick={() => void patch.run({ status: 'active' })}
              >
                Enable
              </Button>
            ) : (
              <Button variant="light" color="red" onClick={() => setDisabling(true)}>
                Disable
              </Button>
            )}
          </div>
        </>
      )}
      {self && (
        <p className={formClasses.say}>This is you. Others can change your role; you change your password.</p>
      )}
      <Confirm
        opened={disabling}
        onClose={() => setDisabling(false)}
        title="Disable member"
        confirmLabel="Disable"
        onConfirm={() => void patch.run({ status: 'disabled' })}
        pending={patch.pending}
        error={patch.error}
      >
        {subject.email} is signed out and cannot sign in until enabled again. Their keys go on working.
      </Confirm>
      <SecretModal
        title={`New password of ${subject.email}`}
        secret={password}
        what="password"
        onClose={() => {
          setPassword(null);
          void changed();
        }}
      />
    </>
  );
}
