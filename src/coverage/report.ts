/** Coverage of a project: what all its programs' lines come to, source file by source file and program by program. */
import { normalize } from 'node:path';
import { findSource } from '../watch/sources.ts';
import type { BranchHits, LineHits, ProgramLines } from './program-lines.ts';

export interface Share {
  readonly hit: number;
  readonly total: number;
}

export interface FileCoverage {
  /** Absolute, or as the compiler named it where the file was not found. */
  readonly path: string;
  readonly found: boolean;
  /** By line, in order: how often it was executed. */
  readonly lines: ReadonlyMap<number, number>;
  /** In order of their lines. */
  readonly branches: readonly { readonly line: number; readonly taken: number; readonly passed: number }[];
  readonly functions: readonly { readonly name: string; readonly line: number; readonly hits: number }[];
}

export interface ProgramCoverage {
  readonly object: string;
  readonly program: string;
  readonly runs: number;
  readonly lines: Share;
  readonly branches: Share;
  /** It has instructions without lines: nothing can be said of those. */
  readonly unplaced: boolean;
}

export interface CoverageReport {
  readonly files: readonly FileCoverage[];
  readonly programs: readonly ProgramCoverage[];
}

/** Headers of the system are none of the project's. */
const SYSTEM = /^\/usr\/(?:local\/)?(?:include|lib\w*)\//;

interface Growing {
  readonly path: string;
  readonly found: boolean;
  readonly lines: Map<number, number>;
  readonly branches: Map<string, { line: number; taken: number; passed: number }>;
  readonly functions: Map<string, { name: string; line: number; hits: number }>;
}

/** Files by their paths, found once for each name that an object gives. */
class Files {
  readonly files = new Map<string, Growing>();
  private readonly root: string;
  private readonly known = new Map<string, Growing>();

  constructor(root: string) {
    this.root = root;
  }

  /** `line` is one of the file, by whose text the right file is told from others of its name. */
  of(object: string, line: LineHits): Growing {
    const key = `${object}\0${line.file}`;
    const known = this.known.get(key) ?? this.find(object, line);
    this.known.set(key, known);
    return known;
  }

  private find(object: string, { file, line, text }: LineHits): Growing {
    const place = { file, line, source: text };
    const path = findSource(this.root, object, place)?.path ?? null;
    const shown = path ?? normalize(file);
    const known = this.files.get(shown);
    if (known) return known;
    const made = { path: shown, found: path !== null, lines: new Map(), branches: new Map(), functions: new Map() };
    this.files.set(shown, made);
    return made;
  }
}

/** The same program in several parts (one a thread): counts add up. */
function joined(parts: readonly ProgramLines[]): ProgramLines[] {
  const all = new Map<string, ProgramLines>();
  for (const part of parts) {
    const key = `${part.object}\0${part.program}`;
    const known = all.get(key);
    all.set(key, known === undefined ? part : added(known, part));
  }
  return [...all.values()];
}

function added(a: ProgramLines, b: ProgramLines): ProgramLines {
  return {
    ...a,
    runs: a.runs + b.runs,
    lines: a.lines.map((one, i) => ({ ...one, hits: one.hits + (b.lines[i]?.hits ?? 0) })),
    functions: a.functions.map((one, i) => ({ ...one, hits: one.hits + (b.functions[i]?.hits ?? 0) })),
    branches: a.branches.map((one, i) => {
      const other = b.branches[i];
      return { ...one, taken: one.taken + (other?.taken ?? 0), passed: one.passed + (other?.passed ?? 0) };
    }),
  };
}

/** The nth branch of a line in one program is the nth in another. */
function addBranches(program: ProgramLines, growing: (file: string) => Growing | undefined): void {
  const nth = new Map<string, number>();
  for (const { file, line, taken, passed } of program.branches) {
    const at = `${file}\0${line}`;
    const n = nth.get(at) ?? 0;
    nth.set(at, n + 1);
    const branches = growing(file)?.branches;
    const key = `${line} ${n}`;
    const known = branches?.get(key);
    if (known === undefined) branches?.set(key, { line, taken, passed });
    else {
      known.taken += taken;
      known.passed += passed;
    }
  }
}

function addProgram(program: ProgramLines, files: Files): void {
  const byName = new Map<string, Growing>();
  for (const one of program.lines) {
    const file = byName.get(one.file) ?? files.of(program.object, one);
    byName.set(one.file, file);
    file.lines.set(one.line, (file.lines.get(one.line) ?? 0) + one.hits);
  }
  for (const { name, file, line, hits } of program.functions) {
    const functions = byName.get(file)?.functions;
    const known = functions?.get(name);
    if (known === undefined) functions?.set(name, { name, line, hits });
    else known.hits += hits;
  }
  addBranches(program, (file) => byName.get(file));
}

export function shareOfLines(hits: Iterable<number>): Share {
  let [hit, total] = [0, 0];
  for (const one of hits) {
    total++;
    if (one > 0) hit++;
  }
  return { hit, total };
}

/** Each branch has two ways. */
export function shareOfBranches(branches: readonly Pick<BranchHits, 'taken' | 'passed'>[]): Share {
  return shareOfLines(branches.flatMap(({ taken, passed }) => [taken, passed]));
}

function programCoverage(program: ProgramLines): ProgramCoverage {
  const { object, runs, lines, branches, unplaced } = program;
  return {
    ...{ object, program: program.program, runs, unplaced: unplaced > 0 && lines.length === 0 },
    lines: shareOfLines(lines.map((one) => one.hits)),
    branches: shareOfBranches(branches),
  };
}

function finished({ path, found, lines, branches, functions }: Growing): FileCoverage {
  const byLine = (a: { readonly line: number }, b: { readonly line: number }) => a.line - b.line;
  return {
    ...{ path, found, lines: new Map([...lines].sort(([a], [b]) => a - b)) },
    branches: [...branches.values()].sort(byLine),
    functions: [...functions.values()].sort(byLine),
  };
}

/** Merges programs, of which a source may have many; sources are looked for in `root` and beside their objects. */
export function coverageReport(parts: readonly ProgramLines[], root: string): CoverageReport {
  const files = new Files(root);
  const programs = joined(parts);
  for (const program of programs) addProgram(program, files);
  const own = [...files.files.values()].filter(({ path }) => !SYSTEM.test(path));
  return {
    files: own.map(finished).sort((a, b) => (a.path < b.path ? -1 : 1)),
    programs: programs.map(programCoverage),
  };
}
