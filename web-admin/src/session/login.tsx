/* login: by e-mail and password; asks which tenant when the person is a member of several. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { api, take } from '../api/client';
import { type ApiError, asApiError } from '../api/error';
import { plural } from '../lib/format';
import { Icon, Mark } from '../parts/icon';
import { FormError } from '../parts/states';
import classes from './login.module.css';
import type { Session } from './session';

interface LoginProps {
  onSignedIn: (session: Session) => void;
  /** Who was signed in until now: the page waits underneath. */
  ended: Session | null;
}

export function Login({ onSignedIn, ended }: LoginProps) {
  const [email, setEmail] = useState(ended?.email ?? '');
  const [password, setPassword] = useState('');
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const locked = useCountdown(error?.status === 429 ? error.retryAfter : null, error);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  const choosing = error?.status === 409 && error.tenants.length > 0;

  useEffect(() => {
    document.title = 'Sign in · Tollgate';
    (ended ? second : first).current?.focus();
  }, [ended]);

  const signIn = async (tenant?: string) => {
    setPending(true);
    try {
      const session = await take(
        api.POST('/session', { body: { email: email.trim(), password, ...(tenant ? { tenant } : {}) } }),
      );
      onSignedIn(session);
    } catch (thrown) {
      const failure = asApiError(thrown);
      setError(failure);
      if (failure.word === 'wrong_login') second.current?.select();
    } finally {
      setPending(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (locked === 0 && !pending) void signIn(ended?.tenant?.id);
  };

  return (
    <div
      className={ended ? classes.over : classes.page}
      {...(ended ? { role: 'dialog', 'aria-modal': true, 'aria-label': 'Sign in' } : {})}
    >
      <main className={classes.card}>
        <div className={classes.brand}>
          <Mark size={28} />
          <span>Tollgate</span>
        </div>
        {choosing ? (
          <Choice
            tenants={error.tenants}
            pending={pending}
            onChoose={(id) => void signIn(id)}
            onBack={() => setError(null)}
          />
        ) : (
          <form onSubmit={submit} className={classes.form}>
            <h1>{ended ? 'Your session has ended' : 'Sign in'}</h1>
            {ended && (
              <p className={classes.say}>
                Sign in again and go on where you were. What you typed is still there.
              </p>
            )}
            {error && locked === 0 && error.status !== 429 && <FormError error={error} />}
            {locked > 0 && <Locked seconds={locked} />}
            <Fields
              email={[email, setEmail, first]}
              password={[password, setPassword, second]}
              error={error}
              fixed={ended !== null}
            />
            <Button
              type="submit"
              size="sm"
              loading={pending}
              disabled={locked > 0 || !email || !password}
              fullWidth
            >
              Sign in
            </Button>
            {ended && (
              <Button variant="subtle" color="gray" onClick={() => window.location.assign('/console/')}>
                Sign in as somebody else
              </Button>
            )}
          </form>
        )}
      </main>
    </div>
  );
}

type FieldState = [string, (value: string) => void, RefObject<HTMLInputElement | null>];

function Fields(props: { email: FieldState; password: FieldState; error: ApiError | null; fixed: boolean }) {
  const [email, setEmail, emailRef] = props.email;
  const [password, setPassword, passwordRef] = props.password;
  return (
    <>
      <TextInput
        ref={emailRef}
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        readOnly={props.fixed}
        error={props.error?.fields.email}
        maxLength={320}
      />
      <PasswordInput
        ref={passwordRef}
        label="Password"
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={props.error?.fields.password}
        maxLength={256}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
    </>
  );
}

function Locked({ seconds }: { seconds: number }) {
  return (
    <div className={classes.locked}>
      <Icon name="clock" />
      <p>
        Too many tries. Try again in{' '}
        <strong>
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, '0')}
        </strong>
        .
      </p>
    </div>
  );
}

interface ChoiceProps {
  tenants: readonly { id: string; name: string }[];
  pending: boolean;
  onChoose: (id: string) => void;
  onBack: () => void;
}

function Choice({ tenants, pending, onChoose, onBack }: ChoiceProps) {
  return (
    <div className={classes.form}>
      <h1>Where to?</h1>
      <p className={classes.say}>You are a member of {plural(tenants.length, 'tenant')}.</p>
      <ul className={classes.tenants}>
        {tenants.map((tenant) => (
          <li key={tenant.id}>
            <button type="button" disabled={pending} onClick={() => onChoose(tenant.id)}>
              {tenant.name}
              <Icon name="right" size={14} />
            </button>
          </li>
        ))}
      </ul>
      <Button variant="subtle" color="gray" onClick={onBack}>
        Back
      </Button>
    </div>
  );
}

/** Seconds that are left of `seconds`, counted from when `since` came. */
function useCountdown(seconds: number | null, since: unknown): number {
  const [left, setLeft] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another refusal with the same seconds counts anew.
  useEffect(() => {
    if (seconds === null) {
      setLeft(0);
      return;
    }
    const end = Date.now() + seconds * 1000;
    const tick = () => setLeft(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
    tick();
    const timer = window.setInterval(tick, 500);
    return () => window.clearInterval(timer);
  }, [seconds, since]);
  return left;
}
