import { describe, expect, it } from 'vitest';
import { complaintsOf, lineOf, partsOf, readPreset, writePreset } from './preset-text';

const TEXT = `{
  "strategy": {"mode": "loadbalance",
    "sticky": "user"},
  "targets": [
    {"name": "a, b: {", "weight": 1},
    {
      "name": "c",
      "targets": [{"model": "x"},
        {"model": "y"}]
    }
  ]
}`;

describe('a preset in the editor', () => {
  it('is an object', () => {
    expect(readPreset('{"a": 1}')).toEqual({ value: { a: 1 } });
    expect(readPreset(' ')).toHaveProperty('problem');
    expect(readPreset('[1]')).toHaveProperty('problem');
    expect(readPreset('null')).toHaveProperty('problem');
    expect(readPreset('{"a": }')).toMatchObject({ problem: expect.stringMatching(/^This is not JSON/) });
  });

  it('reads paths', () => {
    expect(partsOf('targets[1].weight')).toEqual(['targets', 1, 'weight']);
    expect(partsOf('strategy.conditions[0].query')).toEqual(['strategy', 'conditions', 0, 'query']);
    expect(partsOf('')).toEqual([]);
  });

  it.each([
    ['', 1],
    ['strategy', 2],
    ['strategy.mode', 2],
    ['strategy.sticky', 3],
    ['targets', 4],
    ['targets[0]', 5],
    ['targets[0].weight', 5],
    ['targets[1]', 6],
    ['targets[1].name', 7],
    ['targets[1].targets[0].model', 8],
    ['targets[1].targets[1].model', 9],
    ['targets[1].weight', 6],
    ['nothing.like.it', 1],
  ])('finds %s on line %i', (path, line) => {
    expect(lineOf(TEXT, path)).toBe(line);
  });

  it('puts what the server said in the order of the lines', () => {
    const told = {
      'body.targets[1].weight': 'must be above 0',
      'body.strategy.mode': 'is unknown',
      name: 'x',
    };
    expect(complaintsOf(told, TEXT)).toEqual([
      { path: 'strategy.mode', line: 2, message: 'is unknown' },
      { path: 'targets[1].weight', line: 6, message: 'must be above 0' },
    ]);
  });

  it('is written so that it can be read', () => {
    expect(readPreset(writePreset({ a: [1, { b: null }] }))).toEqual({ value: { a: [1, { b: null }] } });
  });
});
