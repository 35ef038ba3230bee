/*
 * url-state: the whole state of a view lives in its address, so that it survives reload, Back and being sent on.
 *
 * A view declares its parameters as a table; a value that is its default is left out of the address, and what
 * cannot be read is the default. Paging stands in `cursor`; any other change of the state begins at the first
 * page again. Which pages came before is kept in the history entry, because a cursor only points forward.
 */
import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';

export interface Param<T> {
  read: (raw: string | null) => T;
  /** Null leaves the parameter out. */
  write: (value: T) => string | null;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds parameters of any type.
export type Schema = Record<string, Param<any>>;

type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

export function textParam(maxLength = 200): Param<string> {
  return {
    read: (raw) => (raw ?? '').slice(0, maxLength),
    write: (value) => (value === '' ? null : value.slice(0, maxLength)),
  };
}

export function choiceParam<T extends string>(values: readonly T[], fallback: T): Param<T> {
  return {
    read: (raw) => values.find((value) => value === raw) ?? fallback,
    write: (value) => (value === fallback ? null : value),
  };
}

/** A choice that may also be none. */
export function optionParam<T extends string>(values: readonly T[]): Param<T | null> {
  return {
    read: (raw) => values.find((value) => value === raw) ?? null,
    write: (value) => value,
  };
}

export function flagParam(): Param<boolean> {
  return { read: (raw) => raw === 'true', write: (value) => (value ? 'true' : null) };
}

/** An instant as RFC 3339, or nothing. */
export function timeParam(): Param<string> {
  return {
    read: (raw) => (raw && !Number.isNaN(Date.parse(raw)) ? raw : ''),
    write: (value) => (value === '' ? null : value),
  };
}

export function readState<S extends Schema>(schema: S, search: string): Values<S> {
  const given = new URLSearchParams(search);
  return Object.fromEntries(
    Object.entries(schema).map(([name, param]) => [name, param.read(given.get(name)) as unknown]),
  ) as Values<S>;
}

/** The search text with `patch` applied. Parameters that the table does not know stay as they are. */
export function writeState<S extends Schema>(
  schema: S,
  search: string,
  patch: Partial<Values<S>>,
  keepPage = false,
): string {
  const next = new URLSearchParams(search);
  if (!keepPage) next.delete('cursor');
  for (const [name, value] of Object.entries(patch)) {
    const written = schema[name]?.write(value) ?? null;
    if (written === null) next.delete(name);
    else next.set(name, written);
  }
  return next.toString();
}

export interface SetOptions {
  /** Takes the place of the history entry instead of adding one. */
  replace?: boolean;
  /** Stays on the page of the list: for what is open beside it. */
  keepPage?: boolean;
}
export type SetState<S> = (patch: Partial<Values<S>>, options?: SetOptions) => void;

/** The address of this view with one more parameter, for a link; the page of the list stays. */
export function withParam(path: string, search: string, name: string, value: string): string {
  const next = new URLSearchParams(search);
  next.set(name, value);
  return `${path}?${next.toString()}`;
}

/** The table must be a constant of its module. Typing into a field replaces the history entry, a choice adds one. */
export function useUrlState<S extends Schema>(schema: S): [Values<S>, SetState<S>] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const state = useMemo(() => readState(schema, search), [schema, search]);
  const set = useCallback<SetState<S>>(
    (patch, options) => {
      const next = writeState(schema, window.location.search, patch, options?.keepPage);
      navigate(next ? `${path}?${next}` : path, {
        replace: options?.replace ?? false,
        state: options?.keepPage ? window.history.state : null,
      });
    },
    [schema, path, navigate],
  );
  return [state, set];
}

export interface Paging {
  cursor: string | undefined;
  /** From 1 on; null when the address was opened in the middle, where nobody knows. */
  page: number | null;
  next: (cursor: string) => void;
  /** Null on the first page. */
  previous: (() => void) | null;
}

interface Trail {
  trail: (string | null)[];
}

function trailOf(state: unknown): (string | null)[] | null {
  const trail = (state as Partial<Trail> | null)?.trail;
  return Array.isArray(trail) ? trail : null;
}

/** Cursor paging: `cursor` in the address, the pages before it in the history entry. */
export function usePaging(): Paging {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const cursor = new URLSearchParams(search).get('cursor') ?? undefined;
  const trail = cursor === undefined ? [] : trailOf(window.history.state);
  const go = (to: string | null, state: Trail) => {
    const query = new URLSearchParams(window.location.search);
    if (to === null) query.delete('cursor');
    else query.set('cursor', to);
    const text = query.toString();
    navigate(text ? `${path}?${text}` : path, { state });
  };
  return {
    cursor,
    page: trail === null ? null : trail.length + 1,
    next: (to) => go(to, { trail: [...(trail ?? []), cursor ?? null] }),
    previous:
      cursor === undefined
        ? null
        : () => go(trail?.at(-1) ?? null, { trail: trail ? trail.slice(0, -1) : [] }),
  };
}
