/* nav: the pages there are, for the side bar and for Ctrl K. */
import type { IconName } from '../parts/icon';
import { may, type Role } from '../session/session';

export interface NavItem {
  title: string;
  path: string;
  icon: IconName;
}

export function tenantNav(tenant: string, role: Role): NavItem[] {
  const base = `/t/${tenant}`;
  const items: (NavItem | false)[] = [
    { title: 'Overview', path: `${base}/overview`, icon: 'overview' },
    { title: 'Requests', path: `${base}/requests`, icon: 'requests' },
    { title: 'Keys', path: `${base}/keys`, icon: 'keys' },
    { title: 'Routing', path: `${base}/routing`, icon: 'routing' },
    may(role, 'billing:read') && { title: 'Billing', path: `${base}/billing`, icon: 'billing' },
    { title: 'Projects', path: `${base}/projects`, icon: 'projects' },
    { title: 'Members', path: `${base}/members`, icon: 'members' },
  ];
  return items.filter((item): item is NavItem => item !== false);
}
