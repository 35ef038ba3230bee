import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../../api/client';
import { EMPTY_KEY, formOf, readLimit, toNew, toPatch, whyNot } from './key-form';

const key: Schemas['Key'] = {
  id: 'key_0123456789abcdefghjkmnpqrs',
  tenant: 'ten_0123456789abcdefghjkmnpqrs',
  project: 'prj_0123456789abcdefghjkmnpqrs',
  project_name: 'default',
  name: 'ci',
  kind: 'live',
  status: 'active',
  status_reason: null,
  public_parts: ['k1'],
  models: ['openai/gpt-4.1'],
  scopes: [],
  budget: '5',
  budget_window: 'month',
  spent: '0.5',
  requests_per_minute: 60,
  tokens_per_minute: null,
  expires_at: null,
  preset: null,
  last_used_at: null,
  created_by: 'mem_1',
  created_at: '2026-11-21T10:00:00.000Z',
  etag: '3',
};

describe('what the API is told of a key', () => {
  it('of a new one: only what was filled in', () => {
    expect(toNew({ ...EMPTY_KEY, name: ' ci ' })).toEqual({ name: 'ci', kind: 'live' });
    expect(toNew({ ...EMPTY_KEY, name: 'ci', budget: '$5.00', requestsPerMinute: '1,000' })).toEqual({
      name: 'ci',
      kind: 'live',
      budget: '5.00',
      budget_window: 'month',
      requests_per_minute: 1000,
    });
  });

  it('of a management key: scopes, and no limits', () => {
    const form = { ...EMPTY_KEY, name: 'ci', kind: 'mgmt' as const, scopes: ['keys:read'], budget: '5' };
    expect(toNew(form)).toEqual({ name: 'ci', kind: 'mgmt', scopes: ['keys:read'] });
    expect(whyNot({ ...form, scopes: [] })).toMatch(/scope/);
  });

  it.each([
    ['nothing', {}, null],
    ['a name', { name: 'deploy' }, { name: 'deploy' }],
    ['another window needs the budget beside it', { window: 'day' }, { budget: '5', budget_window: 'day' }],
    ['an emptied budget takes both away', { budget: '' }, { budget: null, budget_window: null }],
    ['all models again', { models: [] }, { models: null }],
    ['a limit taken away', { requestsPerMinute: '' }, { requests_per_minute: null }],
    ['a limit set', { tokensPerMinute: '100000' }, { tokens_per_minute: 100000 }],
  ] as const)('of a change: %s', (_what, change, patch) => {
    expect(toPatch(key, { ...formOf(key), ...change } as ReturnType<typeof formOf>)).toEqual(patch);
  });

  it('reads limits as whole numbers from 1 on', () => {
    expect(['', '60', '1,000', '0', '-1', '1.5', 'x'].map(readLimit)).toEqual([
      null,
      60,
      1000,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
