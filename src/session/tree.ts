/** The cases as the screen shows them: object ▸ program ▸ case, which of them are folded away, and what is under the cursor. */
import { relative } from 'node:path';
import type { FileError, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { commonRefusal } from './refusal.ts';

export interface ProgramNode {
  readonly key: string;
  readonly label: string;
  readonly object: string;
  readonly cases: readonly SettledCase[];
}

export interface ObjectNode {
  readonly key: string;
  /** Absolute. */
  readonly path: string;
  readonly label: string;
  readonly programs: readonly ProgramNode[];
}

/** One line of the tree; `key` stays the same across reruns. */
export type Row =
  | { readonly kind: 'error'; readonly key: string; readonly error: FileError }
  | { readonly kind: 'object'; readonly key: string; readonly node: ObjectNode; readonly folded: boolean }
  | { readonly kind: 'program'; readonly key: string; readonly node: ProgramNode; readonly folded: boolean }
  | { readonly kind: 'case'; readonly key: string; readonly one: SettledCase; readonly parent: string };

export type Outcomes = ReadonlyMap<string, TestOutcome>;

export function isBad(outcome: TestOutcome | undefined): boolean {
  return outcome?.verdict === 'fail' || outcome?.verdict === 'error';
}

export function objectKey(path: string): string {
  return `o:${path}`;
}

export function programKey(path: string, program: string): string {
  return `p:${path}:${program}`;
}

/** Groups cases in the order in which they come; objects without a case are listed too, after those that have some. */
export function buildTree(
  root: string,
  cases: readonly SettledCase[],
  objects: readonly string[],
  programs: ReadonlyMap<string, readonly string[]> = new Map(),
): ObjectNode[] {
  const grouped = new Map<string, Map<string, SettledCase[]>>();
  for (const one of cases) {
    const programs = grouped.get(one.object) ?? new Map<string, SettledCase[]>();
    grouped.set(one.object, programs);
    const list = programs.get(one.program);
    if (list) list.push(one);
    else programs.set(one.program, [one]);
  }
  for (const path of objects) {
    if (!grouped.has(path)) grouped.set(path, new Map((programs.get(path) ?? []).map((name) => [name, []])));
  }
  return [...grouped].map(([path, byProgram]) => ({
    key: objectKey(path),
    path,
    label: relative(root, path) || path,
    programs: [...byProgram].map(([label, list]) => ({
      key: programKey(path, label),
      label,
      object: path,
      cases: list,
    })),
  }));
}

export interface Folding {
  /** What the user folded (true) or unfolded (false). */
  readonly folds: ReadonlyMap<string, boolean>;
  /** Programs folded because the list would not fit. */
  readonly autoFolded: ReadonlySet<string>;
  /** Groups folded because there is one reason for all that is in them. */
  readonly refused: ReadonlySet<string>;
}

export function isFolded(key: string, folding: Folding): boolean {
  return folding.folds.get(key) ?? (folding.refused.has(key) || folding.autoFolded.has(key));
}

export interface RowsInput extends Folding {
  readonly tree: readonly ObjectNode[];
  readonly errors: readonly FileError[];
  /** Whether a filter lets a case through; null: no filter is on. */
  readonly accepts: ((one: SettledCase) => boolean) | null;
}

function programRows(node: ProgramNode, input: RowsInput, out: Row[]): void {
  const cases = input.accepts ? node.cases.filter(input.accepts) : node.cases;
  if (input.accepts && cases.length === 0) return;
  // What a filter leaves is little: only what the user folded stays so.
  const folded = input.accepts ? input.folds.get(node.key) === true : isFolded(node.key, input);
  out.push({ kind: 'program', key: node.key, node, folded });
  if (folded) return;
  for (const one of cases) out.push({ kind: 'case', key: one.id, one, parent: node.key });
}

/** The lines of the tree from top to bottom: files that cannot be read first, since they hide cases. */
export function visibleRows(input: RowsInput): Row[] {
  const out: Row[] = input.errors.map((error) => ({ kind: 'error', key: errorKey(error), error }));
  for (const node of input.tree) {
    const at = out.length;
    const folded = isFolded(node.key, input);
    out.push({ kind: 'object', key: node.key, node, folded });
    const below: Row[] = [];
    for (const program of node.programs) programRows(program, input, below);
    if (input.accepts && below.length === 0) out.length = at;
    else if (!folded) out.push(...below);
  }
  return out;
}

export function errorKey(error: FileError): string {
  return `e:${error.file}:${error.line}:${error.message}`;
}

const casesOfObjects = new WeakMap<ObjectNode, readonly SettledCase[]>();

/** The same list for the same node. */
export function casesOf(node: ObjectNode | ProgramNode): readonly SettledCase[] {
  if (!('programs' in node)) return node.cases;
  const [only] = node.programs;
  if (only && node.programs.length === 1) return only.cases;
  const known = casesOfObjects.get(node) ?? node.programs.flatMap((program) => program.cases);
  casesOfObjects.set(node, known);
  return known;
}

/** Objects, else programs, that came to nothing for one reason: that is said once, where they stand. */
export function refusedKeys(tree: readonly ObjectNode[], outcomes: Outcomes): Set<string> {
  const refused = (node: ObjectNode | ProgramNode) => commonRefusal(casesOf(node), outcomes) !== null;
  const keys = tree.flatMap((node): string[] => {
    if (node.programs.length > 1 && refused(node)) return [node.key];
    return node.programs.filter(refused).map((program) => program.key);
  });
  return new Set(keys);
}

/** Programs to fold so that the list fits `room` lines: those with a failure stay open, then the first that fit. */
export function autoFold(tree: readonly ObjectNode[], outcomes: Outcomes, room: number): Set<string> {
  const folded = new Set<string>();
  const programs = tree.flatMap((node) => node.programs);
  const failing = new Set(programs.filter((p) => p.cases.some((one) => isBad(outcomes.get(one.id)))));
  let left = room - tree.length - programs.length;
  for (const program of failing) left -= program.cases.length;
  for (const program of programs) {
    if (failing.has(program)) continue;
    if (program.cases.length <= left) left -= program.cases.length;
    else folded.add(program.key);
  }
  return folded;
}

/** Where the cursor is: the row itself, else what it lies in now (folded or filtered away), else the first. */
export function cursorIndex(rows: readonly Row[], selected: string | null, cases: readonly SettledCase[]): number {
  if (selected === null || rows.length === 0) return 0;
  const exact = rows.findIndex((row) => row.key === selected);
  if (exact >= 0) return exact;
  const one = cases.find((c) => c.id === selected);
  if (!one) return 0;
  const parents = [programKey(one.object, one.program), objectKey(one.object)];
  for (const key of parents) {
    const at = rows.findIndex((row) => row.key === key);
    if (at >= 0) return at;
  }
  return 0;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
  /** No outcome yet. */
  readonly open: number;
  readonly total: number;
  readonly took_ms: number;
}

/** Counts by the list of cases, of the latest outcomes: a frame asks for the same ones several times. */
const counted = new WeakMap<readonly SettledCase[], { readonly outcomes: Outcomes; readonly counts: Counts }>();

export function countOutcomes(cases: readonly SettledCase[], outcomes: Outcomes): Counts {
  const known = counted.get(cases);
  if (known?.outcomes === outcomes) return known.counts;
  const counts = count(cases, outcomes);
  counted.set(cases, { outcomes, counts });
  return counts;
}

/** Of all cases of a tree. */
export function countTree(tree: readonly ObjectNode[], outcomes: Outcomes): Counts {
  const sum = { passed: 0, failed: 0, skipped: 0, todo: 0, open: 0, total: 0, took_ms: 0 };
  for (const { programs } of tree) {
    for (const { cases } of programs) {
      const counts = countOutcomes(cases, outcomes);
      for (const key of COUNTED) sum[key] += counts[key];
    }
  }
  return sum;
}

const COUNTED = ['passed', 'failed', 'skipped', 'todo', 'open', 'total', 'took_ms'] as const;

function count(cases: readonly SettledCase[], outcomes: Outcomes): Counts {
  const n = { passed: 0, failed: 0, skipped: 0, todo: 0, open: 0, total: cases.length, took_ms: 0 };
  for (const one of cases) {
    const outcome = outcomes.get(one.id);
    n.took_ms += outcome?.took_ms ?? 0;
    if (!outcome) n.open++;
    else if (outcome.verdict === 'pass') n.passed++;
    else if (outcome.verdict === 'skip') n.skipped++;
    else if (outcome.verdict === 'todo') n.todo++;
    else n.failed++;
  }
  return n;
}
