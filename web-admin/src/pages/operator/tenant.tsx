/* tenant: one tenant, as operators steer it: its money, its plan, its status. Its own pages are one click away. */
import { Button, Menu, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, ifMatch, type Schemas, take } from '../../api/client';
import { formatExact, readAmount } from '../../lib/money';
import { usePaging } from '../../lib/url-state';
import { Count, Id, Money, Time } from '../../parts/figures';
import { AmountInput, Confirm, FormDrawer, useSubmit } from '../../parts/form';
import { fromQuery } from '../../parts/from-query';
import { Icon } from '../../parts/icon';
import { notify } from '../../parts/notify';
import { Bone, Columns, Fact, Facts, Figure, Figures, Page, Panel } from '../../parts/page';
import { EmptyState, ErrorState } from '../../parts/states';
import { Status } from '../../parts/status';
import { DataTable, type Columns as TableColumns } from '../../parts/table';

type TenantOne = Schemas['Tenant'];
type Act = 'credit' | 'plan' | 'edit' | 'suspend' | 'activate' | null;

export default function Tenant({ id }: { id: string }) {
  const [act, setAct] = useState<Act>(null);
  const path = { tenant: id };
  const tenant = useQuery({
    queryKey: ['tenant', id],
    queryFn: ({ signal }) => take(api.GET('/tenants/{tenant}', { params: { path }, signal })),
  });
  const balance = useQuery({
    queryKey: ['balance', id],
    queryFn: ({ signal }) => take(api.GET('/tenants/{tenant}/balance', { params: { path }, signal })),
  });
  const one = tenant.data;
  const close = () => setAct(null);
  if (tenant.error && !one) {
    return (
      <Page title="Tenant">
        <ErrorState
          error={tenant.error}
          what="The tenant could not be read"
          retry={() => void tenant.refetch()}
        />
      </Page>
    );
  }
  return (
    <Page
      title={one?.name ?? 'Tenant'}
      about={one ? <Id value={one.id} label="tenant id" short={false} /> : <Bone width={260} />}
      actions={
        <>
          <Button variant="default" component={Link} href={`/t/${id}/overview`}>
            See its pages
          </Button>
          <Button onClick={() => setAct('credit')} disabled={!one}>
            Give credit
          </Button>
          <TenantMenu one={one} onAct={setAct} />
        </>
      }
    >
      <TenantFigures balance={balance.data} one={one} />
      {balance.error && (
        <ErrorState
          error={balance.error}
          what="The balance could not be read"
          retry={() => void balance.refetch()}
        />
      )}
      <Columns>
        <Panel title="About">
          <Facts>
            <Fact name="Status">{one ? <Status value={one.status} /> : <Bone width={80} />}</Fact>
            <Fact name="Plan">{one?.plan ?? '–'}</Fact>
            <Fact name="Pays">{one?.billing_mode ?? '–'}</Fact>
            <Fact name="Currency">{one?.currency ?? '–'}</Fact>
            <Fact name="Credit limit">
              <Money value={one?.credit_limit} as="exact" />
            </Fact>
            <Fact name="Since">
              <Time at={one?.created_at} />
            </Fact>
          </Facts>
        </Panel>
        <Panel title="Balance" aside={balance.data && <>period {balance.data.period_no}</>}>
          <Facts>
            <Fact name="Promotional">
              <Money value={balance.data?.promo} as="exact" />
            </Fact>
            <Fact name="Prepaid">
              <Money value={balance.data?.prepaid} as="exact" />
            </Fact>
            <Fact name="Accrued">
              <Money value={balance.data?.accrued} as="exact" />
            </Fact>
            <Fact name="Receivable">
              <Money value={balance.data?.receivable} as="exact" />
            </Fact>
            <Fact name="Held by gateways">
              <Money value={balance.data?.held} as="exact" />
            </Fact>
          </Facts>
        </Panel>
      </Columns>
      <Credits tenant={id} />
      {one && (
        <>
          <GiveCredit tenant={one} opened={act === 'credit'} onClose={close} />
          <ChangePlan tenant={one} opened={act === 'plan'} onClose={close} />
          {act === 'edit' && <Edit tenant={one} onClose={close} />}
          <SetStatus tenant={one} to="suspended" opened={act === 'suspend'} onClose={close} />
          <SetStatus tenant={one} to="active" opened={act === 'activate'} onClose={close} />
        </>
      )}
    </Page>
  );
}

function TenantMenu({ one, onAct }: { one: TenantOne | undefined; onAct: (act: Act) => void }) {
  return (
    <Menu position="bottom-end" width={190}>
      <Menu.Target>
        <Button variant="default" disabled={!one} rightSection={<Icon name="down" size={12} />}>
          Change
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onAct('edit')}>Name and credit limit</Menu.Item>
        <Menu.Item onClick={() => onAct('plan')}>Plan</Menu.Item>
        <Menu.Divider />
        {one?.status === 'suspended' ? (
          <Menu.Item onClick={() => onAct('activate')}>Take back into service</Menu.Item>
        ) : (
          <Menu.Item color="red" onClick={() => onAct('suspend')}>
            Suspend
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function TenantFigures({
  balance,
  one,
}: {
  balance: Schemas['Balance'] | undefined;
  one: TenantOne | undefined;
}) {
  const days = balance?.days_left;
  return (
    <Figures>
      <Figure
        name="May still spend"
        loading={!balance}
        note={
          balance &&
          (days === null || days === undefined
            ? 'nothing was spent in 7 days'
            : days > 100
              ? 'over 100 days left'
              : `${days.toFixed(1)} days left`)
        }
      >
        <Money value={balance?.free} as="cents" />
      </Figure>
      <Figure name="Charged, 30 days" loading={!one} note="what the tenant pays">
        <Money value={one?.charge_30d} />
      </Figure>
      <Figure name="Cost, 30 days" loading={!one} note="what the providers took">
        <Money value={one?.cost_30d} />
      </Figure>
      <Figure name="Requests, 30 days" loading={!one} note="not attempts">
        <Count value={one?.requests_30d} />
      </Figure>
    </Figures>
  );
}

const CREDIT_COLUMNS: TableColumns<Schemas['Credit']> = [
  {
    header: 'Given',
    accessorKey: 'created_at',
    cell: ({ row }) => <Time at={row.original.created_at} />,
    meta: { width: 120 },
  },
  { header: 'Kind', accessorKey: 'kind' },
  {
    header: 'Amount',
    accessorKey: 'amount',
    cell: ({ row }) => <Money value={row.original.amount} as="exact" />,
    meta: { align: 'right' },
  },
  {
    header: 'Used',
    accessorKey: 'used',
    cell: ({ row }) => <Money value={row.original.used} />,
    meta: { align: 'right' },
  },
  {
    header: 'Ends',
    accessorKey: 'expires_at',
    cell: ({ row }) => <Time at={row.original.expires_at} none="never" />,
    meta: { wideOnly: true },
  },
  { header: 'Why', accessorKey: 'reason', meta: { wideOnly: true, width: 160 } },
];

function Credits({ tenant }: { tenant: string }) {
  const paging = usePaging();
  const query = { cursor: paging.cursor, limit: 20 };
  const credits = useQuery({
    queryKey: ['credits', tenant, query],
    queryFn: ({ signal }) =>
      take(api.GET('/tenants/{tenant}/credits', { params: { path: { tenant }, query }, signal })),
  });
  return (
    <Panel title="Credit given" flush>
      <DataTable
        label="credits"
        columns={CREDIT_COLUMNS}
        {...fromQuery(credits)}
        rowId={(row) => row.id}
        empty={<EmptyState title="No credit was given yet" />}
        paging={paging}
        skeletonRows={3}
      />
    </Panel>
  );
}

function useAfterChange(id: string) {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      [['tenants'], ['tenant', id], ['balance', id], ['credits', id]].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
  };
}

interface ActProps {
  tenant: TenantOne;
  opened: boolean;
  onClose: () => void;
}

function GiveCredit({ tenant, opened, onClose }: ActProps) {
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const changed = useAfterChange(tenant.id);
  const amount = readAmount(typed);
  const submit = useSubmit(async (body: Schemas['CreditNew'], key) => {
    await take(
      api.POST('/tenants/{tenant}/credits', {
        params: { path: { tenant: tenant.id }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    await changed();
    notify(`${formatExact(body.amount)} was given to ${tenant.name}.`);
    setTyped('');
    setReason('');
    onClose();
  });
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title={`Give credit to ${tenant.name}`}
      submitLabel={amount === null ? 'Give credit' : `Give ${formatExact(amount)}`}
      pending={submit.pending}
      error={submit.error}
      blocked={amount === null ? 'It needs an amount' : undefined}
      onSubmit={() =>
        amount !== null && void submit.run({ amount, ...(reason.trim() ? { reason: reason.trim() } : {}) })
      }
    >
      <AmountInput
        label="Amount"
        description="Promotional credit: used first, never refunded."
        value={typed}
        onChange={setTyped}
        error={submit.fieldError('amount')}
        autoFocus
        required
      />
      <Textarea
        label="Why"
        description="Stands in the audit log and beside the credit."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={submit.fieldError('reason')}
        maxLength={500}
        autosize
        minRows={2}
      />
    </FormDrawer>
  );
}

function ChangePlan({ tenant, opened, onClose }: ActProps) {
  const [plan, setPlan] = useState<string | null>(tenant.plan);
  const changed = useAfterChange(tenant.id);
  const plans = useQuery({
    queryKey: ['plans', 'current'],
    queryFn: ({ signal }) =>
      take(api.GET('/plans', { params: { query: { state: 'current', limit: 200 } }, signal })),
    enabled: opened,
  });
  const submit = useSubmit(async (body: Schemas['SubscriptionNew'], key) => {
    await take(
      api.POST('/tenants/{tenant}/subscriptions', {
        params: { path: { tenant: tenant.id }, header: { 'Idempotency-Key': key } },
        body,
      }),
    );
    await changed();
    notify(`${tenant.name} has the plan ${body.plan} from now on.`);
    onClose();
  });
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title={`Plan of ${tenant.name}`}
      submitLabel="Subscribe from now on"
      pending={submit.pending}
      error={submit.error}
      blocked={plan === null || plan === tenant.plan ? 'Choose another plan' : undefined}
      onSubmit={() => plan !== null && void submit.run({ plan })}
    >
      <Select
        label="Plan"
        data={(plans.data?.data ?? []).map((one) => ({
          value: one.plan,
          label: `${one.name}: ${one.markup_percent} % markup, ${formatExact(one.monthly_fee)} a month`,
        }))}
        value={plan}
        onChange={setPlan}
        error={submit.fieldError('plan')}
      />
    </FormDrawer>
  );
}

function Edit({ tenant, onClose }: { tenant: TenantOne; onClose: () => void }) {
  const [name, setName] = useState(tenant.name);
  const [limit, setLimit] = useState(tenant.credit_limit);
  const changed = useAfterChange(tenant.id);
  const amount = readAmount(limit);
  const submit = useSubmit(async (body: Schemas['TenantPatch']) => {
    await take(
      api.PATCH('/tenants/{tenant}', {
        params: { path: { tenant: tenant.id }, header: ifMatch(tenant.etag) },
        body,
      }),
    );
    await changed();
    notify('Saved.');
    onClose();
  });
  return (
    <FormDrawer
      opened
      onClose={onClose}
      title={`Change ${tenant.name}`}
      submitLabel="Save"
      pending={submit.pending}
      error={submit.error}
      blocked={name.trim() === '' || amount === null ? 'Name and limit are needed' : undefined}
      onSubmit={() => amount !== null && void submit.run({ name: name.trim(), credit_limit: amount })}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={submit.fieldError('name')}
        maxLength={200}
        data-autofocus
      />
      <AmountInput
        label="Credit limit"
        description="How much it may owe; 0 for prepaid."
        value={limit}
        onChange={setLimit}
        error={submit.fieldError('credit_limit')}
      />
    </FormDrawer>
  );
}

function SetStatus({ tenant, to, opened, onClose }: ActProps & { to: 'active' | 'suspended' }) {
  const changed = useAfterChange(tenant.id);
  const submit = useSubmit(async (body: Schemas['TenantPatch']) => {
    await take(
      api.PATCH('/tenants/{tenant}', {
        params: { path: { tenant: tenant.id }, header: ifMatch(tenant.etag) },
        body,
      }),
    );
    await changed();
    notify(to === 'active' ? `${tenant.name} is back in service.` : `${tenant.name} is suspended.`);
    onClose();
  });
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={to === 'active' ? `Take ${tenant.name} back into service?` : `Suspend ${tenant.name}?`}
      confirmLabel={to === 'active' ? 'Take back' : 'Suspend'}
      {...(to === 'suspended' ? { typed: tenant.name } : {})}
      onConfirm={() => void submit.run({ status: to })}
      pending={submit.pending}
      error={submit.error}
    >
      {to === 'active'
        ? 'Its keys work again within a few seconds.'
        : 'All its keys are refused within a few seconds. Usage, invoices and these pages stay readable.'}
    </Confirm>
  );
}
