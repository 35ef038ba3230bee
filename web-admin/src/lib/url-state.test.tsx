import { act, renderHook } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  choiceParam,
  flagParam,
  optionParam,
  readState,
  textParam,
  timeParam,
  usePaging,
  useUrlState,
  writeState,
} from './url-state';

const schema = {
  q: textParam(10),
  range: choiceParam(['24h', '7d'], '7d'),
  outcome: optionParam(['finished', 'crash']),
  failed: flagParam(),
  from: timeParam(),
};

describe('the state of a view in its address', () => {
  it.each([
    ['nothing is the defaults', '', { q: '', range: '7d', outcome: null, failed: false, from: '' }],
    [
      'what is there is read',
      'q=a%20b&range=24h&outcome=crash&failed=true&from=2026-11-21T10:00:00.000Z',
      { q: 'a b', range: '24h', outcome: 'crash', failed: true, from: '2026-11-21T10:00:00.000Z' },
    ],
    [
      'what cannot be read is the default',
      'range=1y&outcome=<b>&failed=yes&from=soon&q=12345678901',
      { q: '1234567890', range: '7d', outcome: null, failed: false, from: '' },
    ],
  ])('%s', (_what, search, state) => expect(readState(schema, search)).toEqual(state));

  it('leaves defaults out, keeps what it does not know, and goes back to the first page', () => {
    const search = 'other=1&q=old&range=24h&cursor=abc';
    expect(writeState(schema, search, { q: 'new', range: '7d' })).toBe('other=1&q=new');
    expect(writeState(schema, search, { q: '' })).toBe('other=1&range=24h');
  });
});

describe('in a page', () => {
  beforeEach(() => window.history.replaceState(null, '', '/console/list?q=x'));

  it('a change is a step that Back takes back; typing is not', () => {
    const { result } = renderHook(() => useUrlState(schema));
    const before = window.history.length;
    act(() => result.current[1]({ q: 'typed' }, { replace: true }));
    expect(window.history.length).toBe(before);
    act(() => result.current[1]({ range: '24h' }));
    expect(window.history.length).toBe(before + 1);
    expect(result.current[0]).toMatchObject({ q: 'typed', range: '24h' });
    expect(window.location.search).toBe('?q=typed&range=24h');
  });

  it('pages forward by cursor and back by what the history entry remembers', () => {
    const { result } = renderHook(() => usePaging());
    expect(result.current).toMatchObject({ cursor: undefined, page: 1, previous: null });
    act(() => result.current.next('two'));
    act(() => result.current.next('three'));
    expect(result.current).toMatchObject({ cursor: 'three', page: 3 });
    expect(window.location.search).toBe('?q=x&cursor=three');
    act(() => result.current.previous?.());
    expect(result.current).toMatchObject({ cursor: 'two', page: 2 });
    act(() => result.current.previous?.());
    expect(result.current).toMatchObject({ cursor: undefined, page: 1, previous: null });
  });

  it('an address opened in the middle knows no page before but the first', () => {
    window.history.replaceState(null, '', '/console/list?q=x&cursor=five');
    const { result } = renderHook(() => usePaging());
    expect(result.current.page).toBeNull();
    act(() => result.current.previous?.());
    expect(window.location.search).toBe('?q=x');
  });
});
