/*
 * client: calls of the control plane, typed by its OpenAPI file.
 *
 *     const keys = await take(api.GET('/tenants/{tenant}/keys', { params: { path: { tenant } }, signal }));
 *
 * Adds the CSRF token of the session to everything but GET. `take` gives what was answered or throws an ApiError.
 * A POST takes newIdempotencyKey() once per submit (useSubmit does it), a PATCH ifMatch(etag), both as header parameters.
 */
import createClient from 'openapi-fetch';
import { ApiError, asApiError, problemToError } from './error';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export const API_BASE = '/control/v1';

let csrfToken: string | null = null;
let onSessionEnd: () => void = () => {};
let renewCsrfToken: () => Promise<string | null> = async () => null;

/** The session tells the client who is signed in, and hears of its end. */
export function bindSession(session: { onEnd: () => void; renew: () => Promise<string | null> }): void {
  onSessionEnd = session.onEnd;
  renewCsrfToken = session.renew;
}

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

function withToken(request: Request): Request {
  const copy = request.clone();
  if (copy.method !== 'GET' && csrfToken) copy.headers.set('x-csrf-token', csrfToken);
  return copy;
}

async function wordOf(response: Response): Promise<string> {
  const body = await response
    .clone()
    .json()
    .catch(() => null);
  return problemToError(response, body).word;
}

/** A token that has been renewed in another tab is asked for once, then the call is made again. */
async function send(request: Request): Promise<Response> {
  const answer = await fetch(withToken(request));
  if (answer.status === 403 && request.method !== 'GET' && (await wordOf(answer)) === 'csrf') {
    csrfToken = await renewCsrfToken();
    return csrfToken ? fetch(withToken(request)) : answer;
  }
  return answer;
}

export const api = createClient<paths, 'application/json'>({
  baseUrl: API_BASE,
  credentials: 'same-origin',
  headers: { accept: 'application/json' },
  fetch: send,
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered, or an ApiError. A session that has ended is told to the session before. */
export async function take<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    if (thrown instanceof SyntaxError) {
      throw new ApiError({
        status: 0,
        word: 'unexpected',
        title: 'Unexpected answer',
        detail: 'The server answered something that is not JSON.',
      });
    }
    throw asApiError(thrown);
  }
  if (answer.response.ok) return answer.data as T;
  const error = problemToError(answer.response, answer.error);
  if (error.word === 'not_signed_in') onSessionEnd();
  throw error;
}

/** One for each submit: the same submit tried again is carried out once. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

export function ifMatch(etag: string): { 'If-Match': string } {
  return { 'If-Match': `"${etag}"` };
}

type QueryValue = string | number | boolean | null | undefined;

/** "?a=b&c=d" of what is set; empty when nothing is. */
export function queryText(query: Record<string, QueryValue>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

/** The address of a list as CSV, with the filters that are on the screen. `path` starts with a slash. */
export function csvHref(path: string, query: Record<string, QueryValue> = {}): string {
  return `${API_BASE}${path}${queryText({ ...query, cursor: undefined, limit: undefined, format: 'csv' })}`;
}
