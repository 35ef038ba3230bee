import { describe, expect, it } from 'vitest';
import { ApiError, asApiError, problemToError } from './error';

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers });

describe('a refusal becomes one error', () => {
  it('keeps what the problem says, and the first complaint of each field', () => {
    const error = problemToError(answer(422), {
      type: 'urn:tollgate:problem:invalid_field',
      title: 'A field is wrong',
      status: 422,
      detail: 'Two fields are wrong.',
      instance: 'gen_1',
      request_id: 'gen_1',
      errors: [
        { field: 'name', message: 'name is missing' },
        { field: 'name', message: 'name is short' },
        { field: 'budget', message: 'budget is no amount' },
      ],
    });
    expect(error).toMatchObject({
      status: 422,
      word: 'invalid_field',
      message: 'Two fields are wrong.',
      requestId: 'gen_1',
      fields: { name: 'name is missing', budget: 'budget is no amount' },
      passing: false,
    });
  });

  it.each([
    ['a number of seconds', '30', 30],
    ['nothing', undefined, null],
    ['a date, which the API does not send', 'Sat, 21 Nov 2026 10:00:00 GMT', null],
  ])('Retry-After is %s', (_what, header, seconds) => {
    const headers: Record<string, string> = header === undefined ? {} : { 'retry-after': header };
    expect(problemToError(answer(429, headers), null).retryAfter).toBe(seconds);
  });

  it('tells an answer of somebody else on the way by its status', () => {
    const error = problemToError(answer(502, { 'x-request-id': 'gen_2' }), { error: 'bad gateway' });
    expect(error).toMatchObject({ status: 502, word: 'unexpected', requestId: 'gen_2', passing: true });
  });

  it('tells no answer from a mistake of ours', () => {
    expect(asApiError(new TypeError('Failed to fetch'))).toMatchObject({ word: 'no_answer', passing: true });
    expect(asApiError(new RangeError('oops'))).toMatchObject({ word: 'unexpected', message: 'oops' });
    const same = new ApiError({ status: 404, word: 'not_found', title: '', detail: '' });
    expect(asApiError(same)).toBe(same);
  });
});
