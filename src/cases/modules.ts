/** Imports users' TypeScript (config and case files), where `bpfdeck` is a module of this process, and forgets it for a reload. */
import { readFileSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { plugin } from 'bun';
import * as define from '../define.ts';
import { plain } from '../format/sanitize.ts';
import type { FileError } from '../outcome.ts';

export type Imported =
  | { readonly ok: true; readonly exports: { readonly [name: string]: unknown } }
  | { readonly ok: false; readonly error: FileError };

let installed = false;

function installVirtualModule(): void {
  if (installed) return;
  installed = true;
  plugin({
    name: 'bpfdeck',
    setup(build) {
      build.module('bpfdeck', () => ({ exports: { ...define }, loader: 'object' }));
    },
  });
}

const FRAME_AROUND = 2;

/** The lines around `line` (from 1), numbered, with a caret under `column` (from 1) when it is known. */
export function codeFrame(source: string, line: number, column = 0): string[] {
  const lines = source.split('\n');
  const first = Math.max(1, line - FRAME_AROUND);
  const last = Math.min(lines.length, line + FRAME_AROUND);
  const width = String(last).length;
  const out: string[] = [];
  for (let n = first; n <= last; n++) {
    const mark = n === line ? '▸' : ' ';
    out.push(`${mark} ${String(n).padStart(width)} │ ${plain(lines[n - 1] ?? '')}`.trimEnd());
    if (n === line && column > 0) out.push(`${' '.repeat(width + 2)} │ ${' '.repeat(column - 1)}^`);
  }
  return out;
}

function readSource(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The first frame of a stack that lies in the user's directory. */
function stackPosition(error: Error, root: string): Position | null {
  for (const line of (error.stack ?? '').split('\n')) {
    const at = /(?:\(|at )((?:\/|[A-Za-z]:\\).*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (at?.[1]?.startsWith(root)) return { file: at[1], line: Number(at[2]), column: Number(at[3]) };
  }
  return null;
}

/** Import errors name an export or a module but no line: the line that mentions it. */
function mentionPosition(file: string, message: string): Position {
  const name = /'([^']+)'/.exec(message)?.[1] ?? /"([^"]+)"/.exec(message)?.[1];
  const lines = readSource(file).split('\n');
  const found = name === undefined ? -1 : lines.findIndex((l) => l.includes(name));
  return { file, line: found + 1 || 1, column: 0 };
}

/** What a failed import has to say: Bun's build messages carry a position, thrown errors a stack, link errors neither. */
export function describeImportError(thrown: unknown, file: string): FileError {
  const first = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const message = plain(first instanceof Error || isMessage(first) ? first.message : String(first));
  const built = (first as { position?: Position | null } | null)?.position;
  const position =
    built && built.line > 0
      ? { file: built.file || file, line: built.line, column: built.column }
      : ((first instanceof Error ? stackPosition(first, dirname(file)) : null) ?? mentionPosition(file, message));
  const source = readSource(position.file);
  const frame = source === '' ? {} : { frame: codeFrame(source, position.line, position.column) };
  return { file: position.file, line: position.line, message, ...frame };
}

function isMessage(value: unknown): value is { message: string } {
  return typeof value === 'object' && value !== null && typeof (value as { message?: unknown }).message === 'string';
}

/** Imports a user's file; never throws. */
export async function importUserModule(file: string): Promise<Imported> {
  installVirtualModule();
  try {
    return { ok: true, exports: (await import(file)) as { [name: string]: unknown } };
  } catch (thrown) {
    return { ok: false, error: describeImportError(thrown, file) };
  }
}

const OWN = dirname(dirname(import.meta.dir));
const OWN_ROOMS = ['src', 'engine', 'ui', 'node_modules'].map((room) => `${OWN}${sep}${room}${sep}`);

/** Files under `root` that users' modules were loaded from: what a change of must reload. */
export function loadedUserFiles(root: string): string[] {
  const inside = root.endsWith(sep) ? root : root + sep;
  return Object.keys(require.cache).filter(
    (key) =>
      key.startsWith(inside) && !key.includes(`${sep}node_modules${sep}`) && !OWN_ROOMS.some((r) => key.startsWith(r)),
  );
}

/** Makes the next import of anything under `root` read the files again. */
export function forgetUserModules(root: string): void {
  for (const key of loadedUserFiles(root)) delete require.cache[key];
}
