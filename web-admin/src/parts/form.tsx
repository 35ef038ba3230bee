/*
 * form: what every form needs: a submit that is carried out once, what the server refused at its field, a drawer
 * to stand in, and a confirmation that has to be typed.
 */
import { Button, Drawer, Modal, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useCallback, useId, useRef, useState } from 'react';
import { newIdempotencyKey } from '../api/client';
import { type ApiError, asApiError } from '../api/error';
import { formatExact, readAmount } from '../lib/money';
import classes from './form.module.css';
import { FormError } from './states';

export interface Submit<Input> {
  run: (input: Input) => Promise<void>;
  pending: boolean;
  error: ApiError | null;
  /** What the server said about a field, for the field's `error`. */
  fieldError: (name: string) => string | undefined;
  reset: () => void;
}

/**
 * Carries a form out. `send` gets an Idempotency-Key that stays the same while the same input is tried again, so
 * that an answer that was lost on the way does not make a second key or a second credit.
 */
export function useSubmit<Input>(
  send: (input: Input, idempotencyKey: string) => Promise<void>,
): Submit<Input> {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const attempt = useRef<{ input: string; key: string } | null>(null);
  const latest = useRef(send);
  latest.current = send;

  const run = useCallback(async (input: Input) => {
    const written = JSON.stringify(input) ?? '';
    if (attempt.current?.input !== written) attempt.current = { input: written, key: newIdempotencyKey() };
    setPending(true);
    setError(null);
    try {
      await latest.current(input, attempt.current.key);
      attempt.current = null;
    } catch (thrown) {
      const failure = asApiError(thrown);
      // A refusal is final for this key; only what may have been lost is tried again under it.
      if (!failure.passing) attempt.current = null;
      setError(failure);
    } finally {
      setPending(false);
    }
  }, []);
  const fieldError = useCallback((name: string) => error?.fields[name], [error]);
  const reset = useCallback(() => setError(null), []);
  return { run, pending, error, fieldError, reset };
}

interface FormDrawerProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** The button: "Make key". */
  submitLabel: string;
  onSubmit: () => void;
  pending: boolean;
  error: unknown;
  /** Keeps the button from being pressed, with the reason beside it. */
  blocked?: string | undefined;
  danger?: boolean;
  children: ReactNode;
}

export function FormDrawer(props: FormDrawerProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!props.blocked && !props.pending) props.onSubmit();
  };
  return (
    <Drawer
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      size={460}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ body: classes.drawerBody, title: classes.drawerTitle, content: classes.drawerContent }}
    >
      <form className={classes.form} onSubmit={submit} noValidate>
        <div className={classes.fields}>
          <FormError error={props.error} />
          {props.children}
        </div>
        <div className={classes.foot}>
          <Button
            type="submit"
            size="sm"
            loading={props.pending}
            disabled={Boolean(props.blocked)}
            color={props.danger ? 'red' : 'accent'}
          >
            {props.submitLabel}
          </Button>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Cancel
          </Button>
          {props.blocked && <span className={classes.blocked}>{props.blocked}</span>}
        </div>
      </form>
    </Drawer>
  );
}

interface ConfirmProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** Has to be typed before the button works; without it the button alone is enough. */
  typed?: string;
  confirmLabel: string;
  onConfirm: () => void;
  pending: boolean;
  error: unknown;
}

/** For what cannot be undone. */
export function Confirm(props: ConfirmProps) {
  const [typed, setTyped] = useState('');
  const id = useId();
  const ready = props.typed === undefined || typed.trim() === props.typed.trim();
  const close = () => {
    setTyped('');
    props.onClose();
  };
  return (
    <Modal
      opened={props.opened}
      onClose={close}
      title={props.title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={classes.confirm}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !props.pending) props.onConfirm();
        }}
      >
        <FormError error={props.error} />
        <div className={classes.say}>{props.children}</div>
        {props.typed !== undefined && (
          <TextInput
            id={id}
            label={
              <>
                Type <code>{props.typed}</code> to go on
              </>
            }
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <div className={classes.foot}>
          <Button type="submit" size="sm" color="red" disabled={!ready} loading={props.pending}>
            {props.confirmLabel}
          </Button>
          <Button variant="default" size="sm" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface AmountInputProps {
  label: string;
  description?: ReactNode;
  value: string;
  onChange: (typed: string) => void;
  error?: string | undefined;
  placeholder?: string;
  required?: boolean;
  autoFocus?: boolean;
}

/** A field for US dollars as text; nothing is ever a float. readAmount() makes of it what the API takes. */
export function AmountInput({ value, onChange, error, autoFocus, ...rest }: AmountInputProps) {
  const read = readAmount(value);
  const wrong =
    value.trim() !== '' && read === null ? 'An amount like 12.50, with at most 12 decimals.' : undefined;
  return (
    <TextInput
      {...rest}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      inputMode="decimal"
      autoComplete="off"
      leftSection="$"
      data-autofocus={autoFocus || undefined}
      error={error ?? wrong}
      title={read === null ? undefined : formatExact(read)}
    />
  );
}
