import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../../api/client';
import { rulesOf, toRulesPatch } from './rules-form';

const RULES: Schemas['Routing'] = {
  tenant: 'ten_0',
  preset: 'fast',
  strategy: null,
  continue_on_failure: false,
  hedge: false,
  zdr: true,
  data_collection: 'allow',
  regions: ['eu', 'us-east-1'],
  etag: 'x',
};

describe('the routing rules of a tenant', () => {
  it('are not changed by being looked at', () => {
    expect(toRulesPatch(RULES, rulesOf(RULES))).toBeNull();
    expect(toRulesPatch({ ...RULES, regions: null }, rulesOf({ ...RULES, regions: null }))).toBeNull();
  });

  it('tell only what has changed', () => {
    const form = { ...rulesOf(RULES), preset: null, deny: true, regions: ' EU ,, eu' };
    expect(toRulesPatch(RULES, form)).toEqual({ preset: null, data_collection: 'deny', regions: ['eu'] });
    expect(toRulesPatch(RULES, { ...rulesOf(RULES), regions: ' ' })).toEqual({ regions: null });
    expect(toRulesPatch(RULES, { ...rulesOf(RULES), strategy: 'price', hedge: true })).toEqual({
      strategy: 'price',
      hedge: true,
    });
  });
});
