import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/error';
import { useSubmit } from './form';

const lost = new TypeError('Failed to fetch');
const refused = new ApiError({
  status: 422,
  word: 'invalid_field',
  title: '',
  detail: 'wrong',
  fields: { name: 'name is taken' },
});

/** What `send` was called with, while it fails as told. */
async function submits(outcomes: (Error | null)[], inputs: { name: string }[]): Promise<string[]> {
  const keys: string[] = [];
  const { result } = renderHook(() =>
    useSubmit(async (_input: { name: string }, key) => {
      const outcome = outcomes[keys.length];
      keys.push(key);
      if (outcome) throw outcome;
    }),
  );
  for (const input of inputs) await act(() => result.current.run(input));
  return keys;
}

describe('a submit is carried out once', () => {
  const same = { name: 'a' };
  it('keeps its key while an answer was lost and the same is tried again', async () => {
    const [first, second] = await submits([lost, null], [same, { name: 'a' }]);
    expect(second).toBe(first);
  });
  it.each([
    ['after it was done', [null, null], [same, same]],
    ['after it was refused', [refused, null], [same, same]],
    ['when something else is sent', [lost, null], [same, { name: 'b' }]],
  ])('takes a new key %s', async (_what, outcomes, inputs) => {
    const [first, second] = await submits(outcomes, inputs);
    expect(second).not.toBe(first);
  });
  it('says what was refused at its field', async () => {
    const { result } = renderHook(() =>
      useSubmit(async () => {
        throw refused;
      }),
    );
    await act(() => result.current.run(null));
    expect(result.current.fieldError('name')).toBe('name is taken');
    expect(result.current.fieldError('budget')).toBeUndefined();
    expect(result.current.pending).toBe(false);
  });
});
