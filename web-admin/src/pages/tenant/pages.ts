/* pages: what loads the pages of a tenant, by their name in the address: /t/ten_…/NAME. */
import type { ComponentType } from 'react';

type Loader = () => Promise<{ default: ComponentType }>;

export const TENANT_PAGES: Readonly<Record<string, Loader>> = {
  overview: () => import('./overview'),
  requests: () => import('./requests'),
  keys: () => import('./keys'),
  routing: () => import('./routing'),
  billing: () => import('./billing'),
  projects: () => import('./projects'),
  members: () => import('./members'),
};

/** Asks for the page of an address before it is known who is signed in; the overview where it names none. */
export function preloadPage(path: string): void {
  const named = /^\/console\/t\/[^/]+\/(\w+)/.exec(path)?.[1];
  if (!named && path !== '/console/') return;
  // What fails here is told when the page is shown.
  TENANT_PAGES[named ?? 'overview']?.().catch(() => {});
}
