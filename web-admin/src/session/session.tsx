/*
 * session: who is signed in, and what that person may do.
 *
 * Signing in happens at whatever address one is: nothing is redirected, so one is back where one was. When a session
 * ends while a page is open, the page stays mounted under the login, with whatever was typed into it.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { api, bindSession, type Schemas, setCsrfToken, take } from '../api/client';
import { ApiError } from '../api/error';

export type Session = Schemas['Session'];
export type Role = Session['role'];

/* As the route table of tenants/api has it; the server decides, this only spares a person a refusal. */
const RIGHTS = {
  steer: ['operator', 'owner', 'admin'],
  'keys:write': ['operator', 'owner', 'admin', 'developer'],
  'routing:write': ['operator', 'owner', 'admin', 'developer'],
  'billing:read': ['operator', 'owner', 'admin', 'billing', 'viewer'],
  operate: ['operator'],
} as const satisfies Record<string, readonly Role[]>;
export type Right = keyof typeof RIGHTS;

export function may(role: Role, right: Right): boolean {
  return (RIGHTS[right] as readonly Role[]).includes(role);
}

interface SessionValue {
  session: Session;
  /** The session has ended while the page was open. */
  ended: boolean;
  signOut: () => Promise<void>;
}

const Context = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(Context);
  if (!value) throw new Error('useSession() outside of the session');
  return value;
}

export function useMay(right: Right): boolean {
  return may(useSession().session.role, right);
}

/** Null: nobody is signed in. */
async function whoAmI(signal?: AbortSignal): Promise<Session | null> {
  try {
    const session = await take(api.GET('/session', { signal }));
    setCsrfToken(session.csrf_token);
    return session;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 401) return null;
    throw thrown;
  }
}

export interface GateProps {
  loading: ReactNode;
  failed: (error: unknown, retry: () => void) => ReactNode;
  /** `ended` is who was signed in until now. */
  login: (onSignedIn: (session: Session) => void, ended: Session | null) => ReactNode;
  children: ReactNode;
}

export function SessionGate({ loading, failed, login, children }: GateProps) {
  const client = useQueryClient();
  const [ended, setEnded] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => whoAmI(signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const session = data ?? null;

  useEffect(() => {
    bindSession({
      onEnd: () => setEnded(true),
      renew: async () => {
        const fresh = await whoAmI();
        const before = client.getQueryData<Session | null>(['session']);
        // Somebody else has signed in meanwhile in another tab: nothing on this page is theirs.
        if (fresh && before && fresh.id !== before.id) window.location.reload();
        client.setQueryData(['session'], fresh);
        return fresh?.csrf_token ?? null;
      },
    });
  }, [client]);

  const onSignedIn = useCallback(
    (fresh: Session) => {
      if (session && fresh.id !== session.id) {
        window.location.assign('/console/');
        return;
      }
      setCsrfToken(fresh.csrf_token);
      client.setQueryData(['session'], fresh);
      setEnded(false);
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    },
    [client, session],
  );

  const signOut = useCallback(async () => {
    await take(api.DELETE('/session'));
    window.location.assign('/console/');
  }, []);

  const value = useMemo(() => (session ? { session, ended, signOut } : null), [session, ended, signOut]);

  if (error && !session) return failed(error, () => void refetch());
  if (data === undefined) return loading;
  if (!value) return login(onSignedIn, null);
  return (
    <Context value={value}>
      <div inert={ended} aria-hidden={ended || undefined}>
        {children}
      </div>
      {ended && login(onSignedIn, value.session)}
    </Context>
  );
}
