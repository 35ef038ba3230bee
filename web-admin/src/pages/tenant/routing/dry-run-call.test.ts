import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../api/error';
import { readDryRun } from './dry-run-call';

const EXCLUDED = {
  provider: 'openai',
  model: 'a/b',
  excluded_because: 'provider.zdr',
  message: 'is not known to comply',
  target: null,
};

describe('an answer of the dry run', () => {
  it('is the order and who is left out', () => {
    const told = readDryRun(200, {
      object: 'route.dry_run',
      strategy: 'price',
      preset: { name: 'fast', version: 3 },
      legs: [{ target: 'main', model: 'a/b', on: ['error', 7] }],
      order: [
        {
          provider: 'azure',
          model: 'a/b',
          health: 'ok',
          price: { prompt: '0.4', completion: null },
          first_token_ms: null,
          tokens_per_second: 90,
        },
      ],
      excluded: [EXCLUDED],
    });
    expect(told.refusal).toBeNull();
    expect(told.strategy).toBe('price');
    expect(told.order[0]).toMatchObject({ provider: 'azure', price: { prompt: '0.4', completion: null } });
    expect(told.order[0]?.first_token_ms).toBeNull();
    expect(told.excluded).toEqual([EXCLUDED]);
    expect(told.preset).toBe('fast, version 3');
    expect(told.legs).toEqual([{ target: 'main', model: 'a/b', on: ['error'] }]);
  });

  it('says why nobody is left', () => {
    const told = readDryRun(400, { error: { message: 'Nobody.', metadata: { excluded: [EXCLUDED] } } });
    expect(told).toMatchObject({ strategy: null, order: [], excluded: [EXCLUDED], refusal: 'Nobody.' });
  });

  it('is an error when the key is not good, or when it is of somebody on the way', () => {
    expect(() => readDryRun(401, { error: { message: 'Bad key.', code: 'invalid_api_key' } })).toThrow(
      'Bad key.',
    );
    expect(() => readDryRun(502, null)).toThrow(ApiError);
    expect(() => readDryRun(400, 'text')).toThrow(ApiError);
  });

  it('takes whatever comes as what it can be', () => {
    const odd = { order: [null, { provider: 7 }], excluded: 'x', strategy: 3 };
    expect(readDryRun(200, odd)).toMatchObject({
      strategy: null,
      order: [{ provider: '' }, { provider: '' }],
      excluded: [],
    });
  });
});
