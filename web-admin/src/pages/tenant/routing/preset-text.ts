/*
 * preset-text: a preset as it stands in the editor: read, written, and where in it a path of the API's
 * ("targets[1].weight") stands. Pure.
 */
import type { Schemas } from '../../../api/client';

export type Read = { value: Schemas['PresetBody'] } | { problem: string };

/** The object that the text is, or why it is none. */
export function readPreset(text: string): Read {
  if (text.trim() === '') return { problem: 'Write a preset, or paste one.' };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { problem: 'A preset is an object: { … }' };
    }
    return { value: value as Schemas['PresetBody'] };
  } catch (thrown) {
    return { problem: `This is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}

export function writePreset(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** "targets[1].weight" as ["targets", 1, "weight"]. */
export function partsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}

/* Tokens of a JSON text: strings, brackets, commas, colons, other values. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

interface Level {
  array: boolean;
  index: number;
  name: string | null;
  /** What comes next is a value, not a name. */
  value: boolean;
}

/** Takes a token; how deep what it names or begins stands, or 0. */
function advance(levels: Level[], token: string): number {
  const level = levels.at(-1);
  const depth = levels.length;
  if (token === '}' || token === ']') {
    levels.pop();
  } else if (token === ',' && level) {
    level.index++;
    level.value = level.array;
  } else if (token === ':' && level) {
    level.value = true;
  } else if (level && !level.value) {
    level.name = unquote(token);
    return depth;
  } else {
    const array = token === '[';
    if (array || token === '{') levels.push({ array, index: 0, name: null, value: array });
    return depth;
  }
  return 0;
}

/**
 * The line that begins a value, by its path, in a text that is JSON; a path that goes further than the text
 * ends at the last of its parts that is there, because what is missing has no line.
 */
export function lineOf(text: string, path: string): number {
  const wanted = partsOf(path);
  const levels: Level[] = [];
  let best = { depth: 0, at: 0 };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const depth = advance(levels, token);
    if (depth > best.depth && isOn(levels.slice(0, depth), wanted)) best = { depth, at: index };
  }
  return text.slice(0, best.at).split('\n').length;
}

function unquote(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}

/** Whether where we are is the path, or on the way to it. */
function isOn(levels: readonly Level[], wanted: readonly (string | number)[]): boolean {
  return (
    levels.length > 0 &&
    levels.length <= wanted.length &&
    levels.every((level, at) => (level.array ? level.index === wanted[at] : level.name === wanted[at]))
  );
}

export interface Complaint {
  path: string;
  line: number;
  message: string;
}

/** What the server said of the member `body`, in the order of the lines. */
export function complaintsOf(fields: Readonly<Record<string, string>>, text: string): Complaint[] {
  return Object.entries(fields)
    .filter(([field]) => field === 'body' || field.startsWith('body.') || field.startsWith('body['))
    .map(([field, message]) => {
      const path = field.replace(/^body\.?/, '');
      return { path, line: lineOf(text, path), message };
    })
    .sort((a, b) => a.line - b.line);
}

export const EXAMPLE = writePreset({
  strategy: { mode: 'fallback' },
  targets: [
    { name: 'main', model: 'openai/gpt-4.1-mini', provider: { sort: 'price' } },
    { name: 'last', model: 'anthropic/claude-haiku-4.5' },
  ],
});
