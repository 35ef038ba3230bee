/*
 * dry-run-call: POST /v1/route/dry-run, which belongs to the gateway and takes a key of the tenant's: the console's
 * session is not asked. The key is sent to where this page came from and to nobody else.
 */
import { ApiError, asApiError } from '../../../api/error';

export interface Candidate {
  provider: string;
  model: string;
  health: string;
  price: { prompt: string | null; completion: string | null };
  first_token_ms: number | null;
  tokens_per_second: number | null;
  /** Of the preset that holds. */
  target: string | null;
}

export interface Excluded {
  provider: string;
  model: string;
  excluded_because: string;
  message: string;
  target: string | null;
}

/** A model that the request may get to, and by which failures; the first by none. */
export interface Leg {
  target: string | null;
  model: string;
  on: string[];
}

export interface DryRun {
  strategy: string | null;
  /** Which holds for it, "fast, version 3". */
  preset: string | null;
  legs: Leg[];
  order: Candidate[];
  excluded: Excluded[];
  /** Why it would be refused before anything is sent. */
  refusal: string | null;
}

type Json = Record<string, unknown>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function figure(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function candidate(one: Json): Candidate {
  const price = record(one.price);
  return {
    provider: text(one.provider),
    model: text(one.model),
    health: text(one.health),
    price: { prompt: text(price.prompt) || null, completion: text(price.completion) || null },
    first_token_ms: figure(one.first_token_ms),
    tokens_per_second: figure(one.tokens_per_second),
    target: text(one.target) || null,
  };
}

function exclusion(one: Json): Excluded {
  return {
    provider: text(one.provider),
    model: text(one.model),
    excluded_because: text(one.excluded_because),
    message: text(one.message),
    target: text(one.target) || null,
  };
}

function leg(one: Json): Leg {
  const on = Array.isArray(one.on) ? one.on.map(text).filter((word) => word !== '') : [];
  return { target: text(one.target) || null, model: text(one.model), on };
}

function presetOf(value: unknown): string | null {
  const { name, version } = record(value);
  return text(name) ? `${text(name)}, version ${figure(version) ?? '–'}` : null;
}

/** An answer of the gateway; what was refused with its exclusions is an answer too. */
export function readDryRun(status: number, body: unknown): DryRun {
  const answer = record(body);
  if (status === 200) {
    return {
      strategy: text(answer.strategy) || null,
      preset: presetOf(answer.preset),
      legs: list(answer.legs).map(leg),
      order: list(answer.order).map(candidate),
      excluded: list(answer.excluded).map(exclusion),
      refusal: null,
    };
  }
  const error = record(answer.error);
  if ((status !== 400 && status !== 404 && status !== 503) || !text(error.message)) {
    throw new ApiError({
      status,
      word: text(error.code) || 'unexpected',
      title: 'The gateway refused it',
      detail: text(error.message) || `The gateway answered ${status}.`,
    });
  }
  const excluded = list(record(error.metadata).excluded).map(exclusion);
  return { strategy: null, preset: null, legs: [], order: [], excluded, refusal: text(error.message) };
}

export async function dryRun(key: string, model: string, prompt: string): Promise<DryRun> {
  let answer: Response;
  try {
    answer = await fetch('/v1/route/dry-run', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      credentials: 'omit',
      body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
    });
  } catch (thrown) {
    throw asApiError(thrown);
  }
  const body: unknown = await answer.json().catch(() => null);
  return readDryRun(answer.status, body);
}
