/* billing: what is left, invoices, the ledger they come from, and credit that was given. */
import { useQuery } from '@tanstack/react-query';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { api, take } from '../../../api/client';
import { isZero } from '../../../lib/money';
import { Money, Time } from '../../../parts/figures';
import { Figure, Figures, Page, Panel } from '../../../parts/page';
import { ErrorState } from '../../../parts/states';
import { Tabs } from '../../../parts/tabs';
import { useTenantId } from '../../../session/tenant';
import { Credits } from './credits';
import { InvoicePage } from './invoice';
import { Invoices } from './invoices';
import { Ledger } from './ledger';

export default function Billing() {
  return (
    <Switch>
      <Route path="/t/:tenant/billing/invoices/:invoice">
        {({ invoice }) => <InvoicePage id={invoice} />}
      </Route>
      <Route>
        <Lists />
      </Route>
    </Switch>
  );
}

function Lists() {
  const tenant = useTenantId();
  const [path] = useLocation();
  const base = `/t/${tenant}/billing`;
  return (
    <Page title="Billing" about="What is left, and every amount that made it so.">
      <BalanceFigures />
      <Tabs
        label="Billing"
        here={path}
        tabs={[
          { path: `${base}/invoices`, title: 'Invoices' },
          { path: `${base}/ledger`, title: 'Ledger' },
          { path: `${base}/credits`, title: 'Credit' },
        ]}
      />
      <Switch>
        <Route path="/t/:tenant/billing/invoices" component={Invoices} />
        <Route path="/t/:tenant/billing/ledger" component={Ledger} />
        <Route path="/t/:tenant/billing/credits" component={Credits} />
        <Route>
          <Redirect to={`${base}/invoices`} replace />
        </Route>
      </Switch>
    </Page>
  );
}

function BalanceFigures() {
  const tenant = useTenantId();
  const { data, error, refetch } = useQuery({
    queryKey: ['balance', tenant],
    queryFn: ({ signal }) =>
      take(api.GET('/tenants/{tenant}/balance', { params: { path: { tenant } }, signal })),
    refetchInterval: 30_000,
  });
  if (error && !data) {
    return (
      <Panel>
        <ErrorState error={error} what="The balance could not be read" retry={() => void refetch()} />
      </Panel>
    );
  }
  const loading = data === undefined;
  return (
    <Figures>
      <Figure name="May be spent" loading={loading} note={data && <Time at={data.as_of} />}>
        <Money value={data?.free} as="cents" />
      </Figure>
      <Figure name="Prepaid" loading={loading} note="paid in, not used">
        <Money value={data?.prepaid} as="cents" />
      </Figure>
      <Figure
        name="Credit"
        loading={loading}
        note={<Link href={`/t/${tenant}/billing/credits`}>given to you</Link>}
      >
        <Money value={data?.promo} as="cents" />
      </Figure>
      <Figure name="Reserved" loading={loading} note="set aside for calls">
        <Money value={data?.held} />
      </Figure>
      <Figure
        name="Used, not invoiced"
        loading={loading}
        note={data && `since period ${data.period_no} began`}
      >
        <Money value={data?.accrued} />
      </Figure>
      <Figure
        name="Owed"
        loading={loading}
        note={
          data && !isZero(data.credit_limit) ? (
            <>
              of <Money value={data.credit_limit} as="cents" /> allowed
            </>
          ) : (
            'on invoices'
          )
        }
      >
        <Money value={data?.receivable} as="cents" />
      </Figure>
    </Figures>
  );
}
