/** Finds and reads the source files that faults and returns name, to show the lines around and to open an editor there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SourceText } from '../session/state.ts';
import type { SourcePlace } from '../view/where.ts';

const FILES_SEEN_MAX = 20_000;

function read(path: string): string[] | null {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return null;
  }
}

/** A file is the right one when it has the line that the object says; a name alone is no proof. */
function matches(lines: readonly string[], place: SourcePlace): boolean {
  const wanted = place.source.trim();
  return wanted === '' || (lines[place.line - 1] ?? '').trim() === wanted;
}

/** Files of the project with the same end of the path: names in debug information are relative to wherever clang ran. */
function below(root: string, file: string): string[] {
  const tail = file.replace(/^(\.\.?\/)+/, '').replace(/^\//, '');
  const out: string[] = [];
  if (!existsSync(root)) return out;
  let seen = 0;
  for (const path of new Bun.Glob(`**/${tail}`).scanSync({ cwd: root, absolute: true, onlyFiles: true })) {
    if (!path.includes('/node_modules/')) out.push(path);
    if (++seen > FILES_SEEN_MAX) break;
  }
  return out.sort();
}

/** The source that a place in this object names; null when no file of that name has that line. */
export function findSource(root: string, object: string, place: SourcePlace): SourceText | null {
  for (const path of [resolve(dirname(object), place.file), resolve(root, place.file), ...below(root, place.file)]) {
    const lines = read(path);
    if (lines && matches(lines, place)) return { path, lines };
  }
  return null;
}
