/* key-form: what is typed about a key, and what of it the API is told. Pure. */
import type { Schemas } from '../../../api/client';
import { readAmount } from '../../../lib/money';

export interface KeyForm {
  name: string;
  kind: 'live' | 'test' | 'mgmt';
  project: string;
  models: string[];
  scopes: string[];
  budget: string;
  window: 'total' | 'day' | 'week' | 'month';
  requestsPerMinute: string;
  tokensPerMinute: string;
  /** As a datetime-local field has it, in the reader's zone. */
  expires: string;
}

export const EMPTY_KEY: KeyForm = {
  name: '',
  kind: 'live',
  project: '',
  models: [],
  scopes: [],
  budget: '',
  window: 'month',
  requestsPerMinute: '',
  tokensPerMinute: '',
  expires: '',
};

export const SCOPES = [
  'tenant:read',
  'keys:read',
  'keys:write',
  'projects:read',
  'projects:write',
  'members:read',
  'members:write',
  'usage:read',
  'requests:read',
  'billing:read',
  'models:read',
  'audit:read',
  'routing:read',
  'routing:write',
] as const;

type Key = Schemas['Key'];
type KeyNew = Schemas['KeyNew'];
type KeyPatch = Schemas['KeyPatch'];

function localOf(iso: string | null): string {
  if (!iso) return '';
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function formOf(key: Key): KeyForm {
  return {
    name: key.name,
    kind: key.kind,
    project: key.project,
    models: key.models ?? [],
    scopes: key.scopes,
    budget: key.budget ?? '',
    window: key.budget_window ?? 'total',
    requestsPerMinute: key.requests_per_minute?.toString() ?? '',
    tokensPerMinute: key.tokens_per_minute?.toString() ?? '',
    expires: localOf(key.expires_at),
  };
}

/** A whole number from 1 on; null when the field is empty, undefined when it is something else. */
export function readLimit(typed: string): number | null | undefined {
  const text = typed.replaceAll(',', '').trim();
  if (text === '') return null;
  return /^[1-9]\d{0,12}$/.test(text) ? Number(text) : undefined;
}

function isoOf(local: string): string | undefined {
  return local ? new Date(local).toISOString() : undefined;
}

/** Why the form cannot be sent yet; undefined when it can. */
export function whyNot(form: KeyForm): string | undefined {
  if (form.name.trim() === '') return 'It needs a name';
  if (form.budget.trim() !== '' && readAmount(form.budget) === null) return 'The budget is no amount';
  if (readLimit(form.requestsPerMinute) === undefined) return 'Requests per minute is no number';
  if (readLimit(form.tokensPerMinute) === undefined) return 'Tokens per minute is no number';
  if (form.kind === 'mgmt' && form.scopes.length === 0) return 'It needs at least one scope';
  return undefined;
}

export function toNew(form: KeyForm): KeyNew {
  const body: KeyNew = { name: form.name.trim(), kind: form.kind };
  if (form.project) body.project = form.project;
  const expires = isoOf(form.expires);
  if (expires) body.expires_at = expires;
  if (form.kind === 'mgmt') {
    body.scopes = form.scopes as NonNullable<KeyNew['scopes']>;
    return body;
  }
  if (form.models.length > 0) body.models = form.models;
  const budget = readAmount(form.budget);
  if (budget !== null) {
    body.budget = budget;
    body.budget_window = form.window;
  }
  const requests = readLimit(form.requestsPerMinute);
  const tokens = readLimit(form.tokensPerMinute);
  if (requests) body.requests_per_minute = requests;
  if (tokens) body.tokens_per_minute = tokens;
  return body;
}

/** Only what differs; null takes a limit away. Null when nothing differs. */
export function toPatch(key: Key, form: KeyForm): KeyPatch | null {
  const before = formOf(key);
  const patch: KeyPatch = {};
  if (form.name.trim() !== before.name) patch.name = form.name.trim();
  if (form.expires !== before.expires) patch.expires_at = isoOf(form.expires) ?? null;
  if (form.kind === 'mgmt') {
    if (form.scopes.join() !== before.scopes.join()) {
      patch.scopes = form.scopes as NonNullable<KeyPatch['scopes']>;
    }
  } else {
    patchLimits(patch, before, form);
  }
  return Object.keys(patch).length > 0 ? patch : null;
}

function patchLimits(patch: KeyPatch, before: KeyForm, form: KeyForm): void {
  if (form.models.join() !== before.models.join()) patch.models = form.models.length > 0 ? form.models : null;
  const budget = readAmount(form.budget);
  if (form.budget !== before.budget || (budget !== null && form.window !== before.window)) {
    patch.budget = budget;
    patch.budget_window = budget === null ? null : form.window;
  }
  if (form.requestsPerMinute !== before.requestsPerMinute) {
    patch.requests_per_minute = readLimit(form.requestsPerMinute) ?? null;
  }
  if (form.tokensPerMinute !== before.tokensPerMinute) {
    patch.tokens_per_minute = readLimit(form.tokensPerMinute) ?? null;
  }
}
