/* first-steps: what a tenant that has never called sees: make a key, call, look. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link } from 'wouter';
import { api, type Schemas, take } from '../../../api/client';
import { CodeBlock } from '../../../parts/code';
import { Money } from '../../../parts/figures';
import { useMay } from '../../../session/session';
import { useTenantId } from '../../../session/tenant';
import { curlLine } from './curl-line';
import classes from './overview.module.css';

/* The forms of keys are fetched when somebody wants one: this is the first page of all. */
const CreateKey = lazy(async () => ({ default: (await import('../keys/key-dialogs')).CreateKey }));

const LOOK_EVERY_MS = 3000;
/* Of a small one that every catalog has; else the first that can be called. */
const PREFERRED = 'openai/gpt-4.1-mini';

function useFirstModel(): string {
  const { data } = useQuery({
    queryKey: ['models', 'first'],
    queryFn: async ({ signal }) => {
      const named = await take(api.GET('/models', { params: { query: { q: PREFERRED, limit: 5 } }, signal }));
      const found = named.data.find((model) => model.id === PREFERRED && model.sellable > 0);
      if (found) return found.id;
      const some = await take(api.GET('/models', { params: { query: { kind: 'chat', limit: 50 } }, signal }));
      return some.data.find((model) => model.sellable > 0)?.id ?? PREFERRED;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? PREFERRED;
}

/** `onCalled` is asked again and again: the page changes by itself when the first call has come. */
export default function FirstSteps({
  balance,
  onCalled,
}: {
  balance: Schemas['Balance'];
  onCalled: () => unknown;
}) {
  const tenant = useTenantId();
  const mayWrite = useMay('keys:write');
  const model = useFirstModel();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const keys = useQuery({
    queryKey: ['keys', tenant, 'first'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/keys', {
          params: { path: { tenant }, query: { status: 'active', limit: 1 } },
          signal,
        }),
      ),
  });
  useEffect(() => {
    const timer = window.setInterval(onCalled, LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [onCalled]);

  const create = () => {
    setAsked(true);
    setCreating(true);
  };
  const haveKey = secret !== null || (keys.data?.data.length ?? 0) > 0;
  return (
    <>
      <ol className={classes.steps}>
        <li data-done={haveKey || undefined}>
          <div className={classes.step}>
            <h2>Make a key</h2>
            <p>
              {haveKey && !secret
                ? 'There is one already. Its secret was shown when it was made; without it, make another.'
                : 'It stands for a program of yours, and can have a budget of its own.'}{' '}
              You have <Money value={balance.free} as="cents" /> to spend.
            </p>
            {mayWrite ? (
              <div>
                <Button onClick={create} variant={haveKey ? 'default' : 'filled'}>
                  {haveKey ? 'Make another key' : 'Make a key'}
                </Button>
              </div>
            ) : (
              <p>Your role may not make keys; ask an owner, an admin or a developer.</p>
            )}
          </div>
        </li>
        <li>
          <div className={classes.step}>
            <h2>Call a model</h2>
            <p>
              {secret
                ? 'Your new key is filled in; the line works as it is.'
                : 'Put your key in the place of KEY. OpenAI’s SDKs work too, with the base URL of this line up to /v1.'}
            </p>
            <CodeBlock
              code={curlLine(window.location.origin, secret ?? 'KEY', model)}
              what="curl line"
              label="In a terminal"
            />
          </div>
        </li>
        <li>
          <div className={classes.step}>
            <h2>See what it cost</h2>
            <p>
              The call shows up here a few seconds after its answer, and under{' '}
              <Link href={`/t/${tenant}/requests`}>Requests</Link> with every cent explained. This page looks
              by itself.
            </p>
          </div>
        </li>
      </ol>
      {asked && (
        <Suspense fallback={null}>
          <CreateKey
            opened={creating}
            onClose={() => setCreating(false)}
            onMade={(made) => setSecret(made.secret)}
          />
        </Suspense>
      )}
    </>
  );
}
