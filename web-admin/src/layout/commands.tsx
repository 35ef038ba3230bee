/* commands: what Ctrl K opens: pages, tenants for operators, and the keys of the tenant in view. */
import { createSpotlight, Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { api, take } from '../api/client';
import { OPERATOR_PAGES } from '../pages/operator/pages';
import { Icon } from '../parts/icon';
import { useSession } from '../session/session';
import { useTenant } from '../session/tenant';
import { tenantNav } from './nav';

const [store, spotlight] = createSpotlight();

export default function Commands({ onClose }: { onClose: () => void }) {
  const { session } = useSession();
  const tenant = useTenant();
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 200);
  useEffect(() => spotlight.open(), []);

  const tenants = useQuery({
    queryKey: ['commands', 'tenants', q],
    queryFn: ({ signal }) => take(api.GET('/tenants', { params: { query: { q, limit: 6 } }, signal })),
    enabled: session.kind === 'operator' && q !== '',
  });
  const keys = useQuery({
    queryKey: ['commands', 'keys', tenant?.id, q],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/keys', {
          params: { path: { tenant: tenant?.id ?? '' }, query: { q, limit: 6 } },
          signal,
        }),
      ),
    enabled: tenant !== null && q !== '',
  });

  const action = (id: string, label: string, path: string, description?: string): SpotlightActionData => ({
    id,
    label,
    description,
    onClick: () => navigate(path),
  });
  const pages = [
    ...(session.kind === 'operator' ? OPERATOR_PAGES : []),
    ...(tenant ? tenantNav(tenant.id, session.role) : []),
    { title: 'Change password', path: '/account' },
  ].filter((page) => page.title.toLowerCase().includes(typed.trim().toLowerCase()));
  const groups = [
    { group: 'Pages', actions: pages.map((page) => action(`page:${page.path}`, page.title, page.path)) },
    {
      group: 'Tenants',
      actions: (tenants.data?.data ?? []).map((one) =>
        action(`tenant:${one.id}`, one.name, `/t/${one.id}/overview`, one.id),
      ),
    },
    {
      group: 'Keys',
      actions: (tenant ? (keys.data?.data ?? []) : []).map((one) =>
        action(`key:${one.id}`, one.name, `/t/${one.tenant}/keys?open=${one.id}`, one.project_name),
      ),
    },
  ].filter((group) => group.actions.length > 0);

  return (
    <Spotlight
      store={store}
      actions={groups}
      query={typed}
      onQueryChange={setTyped}
      filter={(_, actions) => actions}
      onSpotlightClose={onClose}
      nothingFound={q === '' ? 'Type a name' : 'Nothing by that name'}
      searchProps={{
        leftSection: <Icon name="search" />,
        placeholder: session.kind === 'operator' ? 'A page, a tenant, a key…' : 'A page or a key…',
        'aria-label': 'Go to',
        // What is found later than it was typed is not chosen by itself: Enter means the first.
        onKeyDown: (event) => {
          if (event.key !== 'Enter' || store.getState().selected >= 0) return;
          const first = groups[0]?.actions[0];
          if (!first) return;
          event.preventDefault();
          spotlight.close();
          first.onClick?.(event as never);
        },
      }}
      shortcut={null}
      scrollable
      maxHeight={420}
      lockScroll={false}
      overlayProps={{ backgroundOpacity: 0.35, blur: 0 }}
      attributes={{ content: { 'aria-label': 'Go to' } }}
    />
  );
}
