/*
 * error: what went wrong with a call, in one form: an RFC 9457 problem of the control plane, an answer of somebody
 * on the way, or no answer at all. Pure.
 */
import type { components } from './schema';

type Problem = components['schemas']['Problem'];

export class ApiError extends Error {
  /** 0 when nothing was answered. */
  readonly status: number;
  /** The problem's stable word, "invalid_field"; "no_answer" and "unexpected" are ours. */
  readonly word: string;
  readonly title: string;
  readonly requestId: string | null;
  /** What was wrong with which member of the body or the query. */
  readonly fields: Readonly<Record<string, string>>;
  /** Seconds until it makes sense to try again. */
  readonly retryAfter: number | null;
  /** Of a login that has to choose one. */
  readonly tenants: readonly { id: string; name: string }[];

  constructor(init: {
    status: number;
    word: string;
    title: string;
    detail: string;
    requestId?: string | null;
    fields?: Record<string, string>;
    retryAfter?: number | null;
    tenants?: readonly { id: string; name: string }[];
  }) {
    super(init.detail);
    this.name = 'ApiError';
    this.status = init.status;
    this.word = init.word;
    this.title = init.title;
    this.requestId = init.requestId ?? null;
    this.fields = init.fields ?? {};
    this.retryAfter = init.retryAfter ?? null;
    this.tenants = init.tenants ?? [];
  }

  /** Whether the same call may well succeed a moment later. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

function isProblem(body: unknown): body is Problem {
  const problem = body as Partial<Problem> | null;
  return typeof problem === 'object' && problem !== null && typeof problem.type === 'string';
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** The first complaint of each field wins. */
function fieldsOf(problem: Problem): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { field, message } of problem.errors ?? []) fields[field] ??= message;
  return fields;
}

export function problemToError(response: Response, body: unknown): ApiError {
  const retryAfter = retryAfterOf(response);
  if (isProblem(body)) {
    return new ApiError({
      status: response.status,
      word: body.type.replace(/^urn:tollgate:problem:/, ''),
      title: body.title,
      detail: body.detail || body.title,
      requestId: body.request_id,
      fields: fieldsOf(body),
      retryAfter,
      tenants: body.tenants ?? [],
    });
  }
  return new ApiError({
    status: response.status,
    word: 'unexpected',
    title: 'Unexpected answer',
    detail: `The server answered ${response.status} in a form that the console does not know.`,
    requestId: response.headers.get('x-request-id'),
    retryAfter,
  });
}

/** Anything thrown, as an ApiError. A call that was given up stays what it is. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof TypeError) {
    return new ApiError({
      status: 0,
      word: 'no_answer',
      title: 'No answer',
      detail: 'The server did not answer. Check the connection, then try again.',
    });
  }
  return new ApiError({
    status: 0,
    word: 'unexpected',
    title: 'Something went wrong in this page',
    detail: thrown instanceof Error ? thrown.message : String(thrown),
  });
}
