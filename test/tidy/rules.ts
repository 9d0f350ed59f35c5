/** The architecture as a table and the checks that hold it: who imports whom, no cycles, an opening sentence, sizes, nothing unreachable. */
import { dirname, join, normalize } from 'node:path';

export interface SourceFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const FILE_LINES_MAX = 400;
/** Files of facts may be as long as the facts are. */
const TABLES = /^engine\/uapi\//;

/** A room is the longest of these prefixes that a file's path starts with; only these may be imported from it (its own room always). */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'engine/errors.ts': [],
  'engine/env.ts': [],
  'engine/layout.ts': [],
  'engine/run/types.ts': [
    'engine/errors.ts',
    'engine/env.ts',
    'engine/object/',
    'engine/net/netns-spec.ts',
    'engine/run/trace/types.ts',
  ],
  'engine/run/trace/types.ts': [],
  'engine/net/netns-spec.ts': [],
  'engine/memory.ts': ['engine/errors.ts', 'engine/layout.ts'],
  'engine/uapi/': [],
  'engine/object/': ['engine/uapi/', 'engine/errors.ts'],
  'engine/jit/': ['engine/uapi/', 'engine/layout.ts', 'engine/errors.ts', 'engine/object/spec.ts'],
  'engine/verifier/': ['engine/uapi/', 'engine/jit/'],
  'engine/maps/': ['engine/uapi/', 'engine/layout.ts', 'engine/memory.ts', 'engine/errors.ts'],
  'engine/net/': ['engine/uapi/', 'engine/layout.ts', 'engine/memory.ts', 'engine/errors.ts'],
  'engine/helpers/': [
    ...['engine/uapi/', 'engine/layout.ts', 'engine/memory.ts', 'engine/errors.ts', 'engine/env.ts'],
    ...['engine/maps/', 'engine/net/', 'engine/run/types.ts'],
  ],
  'engine/load/': ['engine/'],
  'engine/run/': ['engine/'],
  'engine/index.ts': ['engine/'],
  'src/main.ts': ['src/', 'ui/index.ts', 'engine/index.ts'],
  'src/': ['engine/index.ts'],
  'ui/': ['src/view.ts', 'src/live-view.ts'],
  'test/': ['engine/', 'src/', 'ui/'],
  'fixtures/': ['src/define.ts'],
};

/** load and run see all of engine/, but not what is above them. */
const NEVER: readonly (readonly [RegExp, RegExp])[] = [
  [/^engine\/load\//, /^engine\/(run\/(?!types\.ts)|index\.ts)/],
  [/^engine\/run\//, /^engine\/index\.ts/],
];

/** Where a process starts: everything of the product must be reachable from one of these, and what only tests use belongs in test/. */
const ENTRIES = /^(src\/main\.ts|src\/define\.ts|engine\/index\.ts|.*[-/](worker|child)\.ts$)/;
const TEST_ENTRIES =
  /^(fixtures\/|test\/.*\.test\.tsx?$|test\/(bench|pictures)\/|test\/.*\/main\.ts$|test\/.*-(worker|child)\.ts$)/;

const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\bimport\s+['"]([^'"]+)['"]/g;

/** Every module that a file names, types included (a transpiler would drop those). */
export function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The project path that a relative import leads to, null for packages. */
function target(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return normalize(join(dirname(from), specifier)).replaceAll('\\', '/');
}

export function roomOf(path: string): string | null {
  const rooms = Object.keys(ROOMS).filter((room) => path.startsWith(room));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? null;
}

function wrongImport(from: string, to: string): string | null {
  const room = roomOf(from);
  if (room === null) return `${from} is in no room of the table`;
  const own = !room.endsWith('.ts') && to.startsWith(room) && room !== 'src/';
  const inSrc = room === 'src/' && to.startsWith('src/') && to !== 'src/main.ts';
  const allowed = own || inSrc || ROOMS[room]!.some((one) => to.startsWith(one));
  const never = NEVER.some(([source, forbidden]) => source.test(from) && forbidden.test(to));
  return allowed && !never ? null : `${from} imports ${to}: ${room} may not`;
}

/** engine/ imports nothing from outside: no package, no runtime. */
function foreignImport(file: SourceFile, specifier: string): string | null {
  if (!file.path.startsWith('engine/') || specifier.startsWith('.')) return null;
  return `${file.path} imports ${specifier}: engine/ imports nothing from outside`;
}

function checkImports(files: readonly SourceFile[]): string[] {
  const problems: (string | null)[] = [];
  for (const file of files) {
    for (const specifier of importsOf(file.text)) {
      const to = target(file.path, specifier);
      problems.push(to === null ? foreignImport(file, specifier) : wrongImport(file.path, to));
      if (to === 'ui/index.ts' && file.path === 'src/main.ts' && !lazy(file.text, specifier)) {
        problems.push('src/main.ts imports ui/index.ts up front: it must be imported lazily');
      }
    }
  }
  return problems.filter((one) => one !== null);
}

function lazy(text: string, specifier: string): boolean {
  return text.includes(`import('${specifier}')`) && !text.includes(`from '${specifier}'`);
}

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(files: readonly SourceFile[]): Graph {
  return new Map(
    files.map((file) => [file.path, importsOf(file.text).flatMap((specifier) => target(file.path, specifier) ?? [])]),
  );
}

/** The first circle found from each file that starts one; imports inside of functions are left out nowhere: a circle is a circle. */
function checkCycles(graph: Graph): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const problems: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      problems.push(`circle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    state.set(path, 'open');
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  return problems;
}

function reachedFrom(entries: readonly string[], graph: Graph): Set<string> {
  const reached = new Set<string>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    queue.push(...(graph.get(path) ?? []));
  }
  return reached;
}

/** Workers and child processes are started by URL, so their names make them entries. */
function checkReachable(files: readonly SourceFile[], graph: Graph): string[] {
  const paths = files.map((file) => file.path);
  const product = reachedFrom(
    paths.filter((path) => ENTRIES.test(path)),
    graph,
  );
  const tests = reachedFrom(
    paths.filter((path) => TEST_ENTRIES.test(path)),
    graph,
  );
  const lost = paths.filter((path) => !(/^(test|fixtures)\//.test(path) ? tests : product).has(path));
  return lost.map((path) => `${path} is reached from nowhere`);
}

function checkShape(file: SourceFile): string[] {
  const problems: string[] = [];
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  if (lines > FILE_LINES_MAX && !TABLES.test(file.path)) {
    problems.push(`${file.path} has ${lines} lines, more than ${FILE_LINES_MAX}`);
  }
  if (!/^(#!.*\n)?\/\*\*/.test(file.text))
    problems.push(`${file.path} does not open with a sentence that says what it is`);
  return problems;
}

/** Everything that is wrong with a tree of sources, a sentence each; empty when nothing is. */
export function check(files: readonly SourceFile[]): string[] {
  const graph = graphOf(files);
  return [...checkImports(files), ...checkCycles(graph), ...checkReachable(files, graph), ...files.flatMap(checkShape)];
}
