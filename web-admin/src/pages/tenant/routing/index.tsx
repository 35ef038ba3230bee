/* routing: where requests go: presets, rules for all of them, and a try without sending anything. */
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { Page } from '../../../parts/page';
import { Tabs } from '../../../parts/tabs';
import { useTenantId } from '../../../session/tenant';
import { Presets } from './presets';
import { Rules } from './rules';
import { Try } from './try';

export default function Routing() {
  const tenant = useTenantId();
  const [path] = useLocation();
  const base = `/t/${tenant}/routing`;
  return (
    <Page title="Routing" about="Which models and providers a request is tried at, and why.">
      <Tabs
        label="Routing"
        here={path}
        tabs={[
          { path: `${base}/presets`, title: 'Presets' },
          { path: `${base}/rules`, title: 'Rules' },
          { path: `${base}/try`, title: 'Dry run' },
        ]}
      />
      <Switch>
        <Route path="/t/:tenant/routing/presets" component={Presets} />
        <Route path="/t/:tenant/routing/rules" component={Rules} />
        <Route path="/t/:tenant/routing/try" component={Try} />
        <Route>
          <Redirect to={`${base}/presets`} replace />
        </Route>
      </Switch>
    </Page>
  );
}
