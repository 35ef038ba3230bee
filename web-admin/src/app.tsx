/* app: what is shown at which address. Every page is a file of its own, loaded when it is gone to. */
import { type ComponentType, lazy, Suspense } from 'react';
import { Link, Redirect, Route, Switch } from 'wouter';
import { Shell } from './layout/shell';
import { OPERATOR_PAGES } from './pages/operator/pages';
import { TENANT_PAGES } from './pages/tenant/pages';
import { PageBoundary } from './parts/boundary';
import { Notifications } from './parts/notify';
import { Bone, Figure, Figures, Page, Panel } from './parts/page';
import { EmptyState } from './parts/states';
import { useSession } from './session/session';
import { TenantInViewProvider } from './session/tenant';

/* A page reads what is behind its name itself. */
const TENANT_ROUTES: readonly [string, ComponentType][] = Object.entries(TENANT_PAGES).map(([name, load]) => [
  `/t/:tenant/${name}/*?`,
  lazy(load),
]);
const Account = lazy(() => import('./pages/account'));

export default function App() {
  return (
    <TenantInViewProvider>
      <Shell>
        <PageBoundary>
          <Suspense fallback={<PageBones />}>
            <Switch>
              <Route path="/">
                <Home />
              </Route>
              {TENANT_ROUTES.map(([path, TenantPage]) => (
                <Route key={path} path={path}>
                  <OwnTenantOnly>
                    <TenantPage />
                  </OwnTenantOnly>
                </Route>
              ))}
              {OPERATOR_PAGES.map(({ path, page: OperatorPage }) => (
                <Route key={path} path={`${path}/*?`}>
                  <OperatorsOnly>
                    <OperatorPage />
                  </OperatorsOnly>
                </Route>
              ))}
              <Route path="/account" component={Account} />
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </PageBoundary>
      </Shell>
      <Notifications />
    </TenantInViewProvider>
  );
}

function Home() {
  const { session } = useSession();
  const to = session.tenant ? `/t/${session.tenant.id}/overview` : OPERATOR_PAGES[0]?.path;
  return to ? <Redirect to={to} replace /> : <NotFound />;
}

function OperatorsOnly({ children }: { children: React.ReactNode }) {
  const { session } = useSession();
  return session.kind === 'operator' ? children : <NotFound />;
}

function OwnTenantOnly({ children }: { children: React.ReactNode }) {
  const { session } = useSession();
  return (
    <Route path="/t/:tenant/*?">
      {({ tenant }) =>
        session.kind === 'operator' || session.tenant?.id === tenant ? children : <NotFound />
      }
    </Route>
  );
}

function NotFound() {
  return (
    <Page title="Not found">
      <Panel>
        <EmptyState title="There is nothing at this address" action={<Link href="/">Go to the start</Link>}>
          It may have been moved, or it belongs to a tenant that is not yours.
        </EmptyState>
      </Panel>
    </Page>
  );
}

/** While a page's code is on its way: the shape that most pages have. */
function PageBones() {
  return (
    <Page title="…">
      <Figures>
        {['a', 'b', 'c', 'd'].map((key) => (
          <Figure key={key} name=" " loading>
            {null}
          </Figure>
        ))}
      </Figures>
      <Panel>
        <Bone height={280} />
      </Panel>
    </Page>
  );
}
