import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, take } from '../api/client';
import { may, type Session, SessionGate, useSession } from './session';

const ada: Session = {
  kind: 'member',
  role: 'developer',
  id: 'mem_1',
  email: 'ada@example.com',
  name: 'Ada',
  tenant: { id: 'ten_1', name: 'Acme' },
  scopes: [],
  csrf_token: 'token-1',
  expires_at: null,
};

const problem = (status: number, word: string) =>
  new Response(
    JSON.stringify({
      type: `urn:tollgate:problem:${word}`,
      title: word,
      status,
      detail: word,
      instance: 'gen_1',
      request_id: 'gen_1',
    }),
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
const json = (body: unknown) =>
  new Response(JSON.stringify(body), { status: 200, headers: { 'content-type': 'application/json' } });

const calls: Request[] = [];
let answers: Response[] = [];

beforeEach(() => {
  calls.length = 0;
  vi.stubGlobal('fetch', async (request: Request) => {
    calls.push(request);
    const answer = answers.shift();
    if (!answer) throw new Error(`no answer for ${request.method} ${request.url}`);
    return answer;
  });
});

let signIn: (session: Session) => void = () => {};

async function show() {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SessionGate
        loading={<p>loading</p>}
        failed={() => <p>failed</p>}
        login={(onSignedIn, ended) => {
          signIn = onSignedIn;
          return <p>login {ended?.email ?? 'anybody'}</p>;
        }}
      >
        <Inside />
      </SessionGate>
    </QueryClientProvider>,
  );
  await act(async () => {});
}

function Inside() {
  return (
    <label>
      {useSession().session.name} types <input />
    </label>
  );
}

describe('who is signed in', () => {
  it('asks nobody to sign in twice', async () => {
    answers = [json(ada)];
    await show();
    expect(await screen.findByText(/Ada types/)).toBeTruthy();
  });

  it('shows the login where nobody is, and goes on after it', async () => {
    answers = [problem(401, 'not_signed_in')];
    await show();
    expect(await screen.findByText('login anybody')).toBeTruthy();
    act(() => signIn(ada));
    expect(await screen.findByText(/Ada types/)).toBeTruthy();
  });

  it('keeps a page and what is typed into it while its session has ended', async () => {
    answers = [json(ada)];
    await show();
    const field = (await screen.findByRole('textbox')) as HTMLInputElement;
    field.value = 'half typed';
    answers = [problem(401, 'not_signed_in')];
    await act(async () => {
      await take(api.GET('/models')).catch(() => {});
    });
    expect(await screen.findByText('login ada@example.com')).toBeTruthy();
    expect(document.body.contains(field)).toBe(true);
    act(() => signIn({ ...ada, csrf_token: 'token-2' }));
    expect(screen.queryByText('login ada@example.com')).toBeNull();
    expect((screen.getByRole('textbox') as HTMLInputElement).value).toBe('half typed');
  });
});

describe('the token against forged calls', () => {
  it('goes with everything but GET, and is asked for anew once when it is old', async () => {
    answers = [json(ada)];
    await show();
    answers = [
      problem(403, 'csrf'),
      json({ ...ada, csrf_token: 'token-3' }),
      new Response(null, { status: 204 }),
    ];
    await act(async () => {
      await take(api.DELETE('/session'));
    });
    expect(calls.map((call) => [call.method, call.headers.get('x-csrf-token')])).toEqual([
      ['GET', null],
      ['DELETE', 'token-1'],
      ['GET', null],
      ['DELETE', 'token-3'],
    ]);
  });
});

describe('what a role may do', () => {
  it.each([
    ['developer', 'keys:write', true],
    ['developer', 'billing:read', false],
    ['viewer', 'keys:write', false],
    ['billing', 'billing:read', true],
    ['admin', 'steer', true],
    ['owner', 'operate', false],
    ['operator', 'operate', true],
  ] as const)('%s, %s: %s', (role, right, allowed) => expect(may(role, right)).toBe(allowed));
});
