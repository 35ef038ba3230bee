/*
 * tenant: whose pages are shown. It stands in the address (/t/ten_…/keys), because operators look at those of any
 * tenant; members see their own only.
 */
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { useRoute } from 'wouter';
import { api, take } from '../api/client';
import { useSession } from './session';

export interface TenantInView {
  id: string;
  /** The id until the name is known. */
  name: string;
}

const Context = createContext<TenantInView | null>(null);

/** Null on pages that are of no tenant. */
export function useTenant(): TenantInView | null {
  return useContext(Context);
}

/** In pages under /t/:tenant. */
export function useTenantId(): string {
  const tenant = useTenant();
  if (!tenant) throw new Error('useTenantId() outside of a tenant');
  return tenant.id;
}

export function TenantInViewProvider({ children }: { children: ReactNode }) {
  const { session } = useSession();
  const [, params] = useRoute('/t/:tenant/*?');
  const id = params?.tenant ?? session.tenant?.id ?? null;
  const own = session.tenant && session.tenant.id === id ? session.tenant : null;
  const { data } = useQuery({
    queryKey: ['tenant', id],
    queryFn: ({ signal }) =>
      take(api.GET('/tenants/{tenant}', { params: { path: { tenant: id ?? '' } }, signal })),
    enabled: id !== null && own === null && session.kind === 'operator',
    staleTime: 60_000,
  });
  const name = own?.name ?? data?.name;
  const value = useMemo(() => (id ? { id, name: name ?? id } : null), [id, name]);
  return <Context value={value}>{children}</Context>;
}
