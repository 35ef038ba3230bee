/* pages: those of operators: where they are, what they are called, and what loads them. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { NavItem } from '../../layout/nav';

export interface OperatorPage extends NavItem {
  page: LazyExoticComponent<ComponentType>;
}

/** In the order of the side bar. A path matches whatever is under it; the page reads the rest itself. */
export const OPERATOR_PAGES: readonly OperatorPage[] = [
  { title: 'Tenants', path: '/tenants', icon: 'tenants', page: lazy(() => import('./tenants')) },
  { title: 'Catalog', path: '/catalog', icon: 'catalog', page: lazy(() => import('./catalog')) },
  { title: 'Prices', path: '/prices', icon: 'prices', page: lazy(() => import('./prices')) },
  { title: 'Providers', path: '/providers', icon: 'providers', page: lazy(() => import('./providers')) },
  { title: 'Plans', path: '/plans', icon: 'billing', page: lazy(() => import('./plans')) },
  { title: 'Status', path: '/status', icon: 'status', page: lazy(() => import('./status')) },
  { title: 'Audit', path: '/audit', icon: 'audit', page: lazy(() => import('./audit')) },
];
