/** Reports of several runs (`json` or `ndjson` files) as the one run that they are parts of. */
import { resolve } from 'node:path';
import { readFileBytes } from './cases/bytes.ts';
import { InputError } from './input-error.ts';
import type { FileError, RunEvent, TestOutcome } from './outcome.ts';
import { fromRecord } from './reporters/record.ts';
import type { SettledCase } from './test-case.ts';

interface Part {
  readonly cases: readonly unknown[];
  readonly errors: readonly unknown[];
  readonly took_ms: number;
  readonly cancelled: boolean;
}

type Json = { readonly [name: string]: unknown };

function parse(text: string, path: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {
    // Said below.
  }
  throw new InputError(`${path} is no report: write one with --reporter json:FILE or ndjson:FILE`);
}

function ended(end: Json | undefined): Pick<Part, 'took_ms' | 'cancelled'> {
  return { took_ms: Number(end?.took_ms ?? 0) || 0, cancelled: end?.cancelled !== false };
}

/** A report that ends in the middle was stopped. */
function fromLines(text: string, path: string): Part {
  const lines = text.split('\n').filter((line) => line !== '');
  const records = lines.map((line, i) => (i === 0 || i < lines.length - 1 ? parse(line, path) : lastLine(line)));
  const of = (type: string) => records.filter((record) => record.type === type);
  if (records[0]?.type !== 'start' && records[0]?.type !== 'error') parse('', path);
  return { cases: of('case'), errors: of('error'), ...ended(of('end')[0]) };
}

/** The last line may be cut. */
function lastLine(line: string): Json {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return {};
  }
}

function read(path: string): Part {
  const text = new TextDecoder().decode(readFileBytes(path));
  if (/^\s*\{\s*\n/.test(text)) {
    const whole = parse(text, path);
    if (Array.isArray(whole.cases) && Array.isArray(whole.errors)) {
      return { cases: whole.cases, errors: whole.errors, ...ended(whole) };
    }
  }
  return fromLines(text, path);
}

function errorOf(value: unknown, root: string): FileError {
  const { file, line, message, object, build } = value as Json;
  return {
    ...{ file: resolve(root, String(file)), line: Number(line) || 0, message: String(message) },
    ...(object === true ? { object } : {}),
    ...(build === true ? { build } : {}),
  };
}

/** The events of the whole, files in order; the same unreadable file in several parts is told once. Throws InputError. */
export function mergedEvents(paths: readonly string[], cwd: string): RunEvent[] {
  const parts = paths
    .map((path) => [resolve(cwd, path), path] as const)
    .map(([file, path]) => ({ ...read(file), path }));
  const ran: [SettledCase, TestOutcome][] = [];
  const seen = new Map<string, number>();
  for (const { cases, path } of parts) {
    for (const value of cases) {
      const [one, outcome] = fromRecord(value, cwd, path);
      const n = (seen.get(one.id) ?? 0) + 1;
      seen.set(one.id, n);
      const id = n === 1 ? one.id : `${one.id} (${n})`;
      ran.push([
        { ...one, id },
        { ...outcome, id },
      ]);
    }
  }
  const errors = new Map<string, FileError>();
  for (const part of parts) {
    for (const value of part.errors) {
      const error = errorOf(value, cwd);
      errors.set(`${error.file}:${error.line}:${error.message}`, error);
    }
  }
  const took_ms = parts.reduce((sum, part) => sum + part.took_ms, 0);
  return [
    ...[...errors.values()].map((error): RunEvent => ({ type: 'file-error', error })),
    { type: 'start', run: 1, cause: 'merged', cases: ran.map(([one]) => one), kept: 0 },
    ...ran.map(([, outcome]): RunEvent => ({ type: 'outcome', run: 1, outcome })),
    { type: 'end', run: 1, took_ms, cancelled: parts.some((part) => part.cancelled) },
  ];
}
