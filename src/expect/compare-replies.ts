/** What two backends answered for the same request, side by side: every field in which they differ. */
import {
  DEFAULT_ENV,
  MAP_TYPE,
  type MapDump,
  type MapEntry,
  type OutputRecord,
  type ProgRunResult,
} from '../../engine/index.ts';
import type { Mismatch, RunReply, RunRequest, RunStep } from '../backends/backend.ts';
import { toHex } from '../packet/hex.ts';

export type { Mismatch };

/** What is left out of a comparison because it differs by nature (clocks, chance). */
export interface CompareRules {
  /** Fields, or what they start with: `maps..bss`, `retval`, `printk`. */
  readonly ignore?: readonly string[];
}

const ID_KINDS: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.PROG_ARRAY, MAP_TYPE.ARRAY_OF_MAPS, MAP_TYPE.HASH_OF_MAPS],
]);
/** Their values end in the id of a program, which is each backend's own. */
const PROGRAM_KINDS: ReadonlySet<number> = new Set([MAP_TYPE.DEVMAP, MAP_TYPE.DEVMAP_HASH, MAP_TYPE.CPUMAP]);
const PLAIN_FIELDS = ['errno', 'retval', 'data_size_out', 'ctx_size_out'] as const;
const BYTE_FIELDS = ['data_out', 'ctx_out', 'ctx_in_after'] as const;

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : toHex(bytes);
}

function* resultMismatches(engine: ProgRunResult, kernel: ProgRunResult): Iterable<Mismatch> {
  if (engine.fault !== null) yield { field: 'fault', engine: engine.fault.message, kernel: null };
  for (const field of PLAIN_FIELDS) {
    if (engine[field] !== kernel[field]) yield { field, engine: engine[field], kernel: kernel[field] };
  }
  for (const field of BYTE_FIELDS) {
    const sides = { engine: hexOf(engine[field]), kernel: hexOf(kernel[field]) };
    if (sides.engine !== sides.kernel) yield { field, ...sides };
  }
}

function* listMismatches(field: string, engine: readonly unknown[], kernel: readonly unknown[]): Iterable<Mismatch> {
  for (let i = 0; i < Math.max(engine.length, kernel.length); i++) {
    const sides = { engine: engine[i] ?? null, kernel: kernel[i] ?? null };
    if (sides.engine !== sides.kernel) yield { field: `${field}[${i}]`, ...sides };
  }
}

/** Records in the order of their maps; perf pads what it hands over, so that only the bytes sent are compared. */
function recordTexts(records: readonly OutputRecord[], others: readonly OutputRecord[]): string[] {
  const sorted = records.toSorted((a, b) => (a.map < b.map ? -1 : a.map > b.map ? 1 : 0));
  const partners = others.toSorted((a, b) => (a.map < b.map ? -1 : a.map > b.map ? 1 : 0));
  return sorted.map(({ map, kind, data }, i) => {
    const partner = partners[i]?.data.length ?? data.length;
    const padding = data.length - partner;
    const sent = kind === 'perf' && padding > 0 && padding < 8 ? data.subarray(0, partner) : data;
    return `${map} ${toHex(sent)}`;
  });
}

/** A value as both sides can have it: names for ids, and the CPUs both have. */
function valueText(dump: MapDump, index: number, entry: MapEntry, length: number): string {
  if (ID_KINDS.has(dump.type)) return dump.refs?.[index] ?? '?';
  if (PROGRAM_KINDS.has(dump.type)) return toHex(entry.value.subarray(0, 4));
  return toHex(entry.value.subarray(0, length));
}

function percpuLength(dump: MapDump, other: MapDump): number {
  if (!dump.percpu) return Number.POSITIVE_INFINITY;
  const size = (d: MapDump) => d.entries[0]?.value.length ?? Number.POSITIVE_INFINITY;
  return Math.min(size(dump), size(other));
}

/** Entries by key; elements without keys (queues) by their place. */
function valuesByKey(dump: MapDump, other: MapDump): Map<string, string> {
  const length = percpuLength(dump, other);
  return new Map(
    dump.entries.map((entry, i) => {
      const key = entry.key.length === 0 ? String(i) : toHex(entry.key);
      return [key, valueText(dump, i, entry, length)];
    }),
  );
}

/** Every element in which the maps of two runs differ. */
export function* mapMismatches(engine: readonly MapDump[], kernel: readonly MapDump[]): Iterable<Mismatch> {
  const theirs = new Map(kernel.map((dump) => [dump.name, dump]));
  for (const mine of engine) {
    const other = theirs.get(mine.name);
    if (other === undefined) {
      yield { field: `maps.${mine.name}`, engine: 'present', kernel: null };
      continue;
    }
    const a = valuesByKey(mine, other);
    const b = valuesByKey(other, mine);
    for (const key of new Set([...a.keys(), ...b.keys()])) {
      const sides = { engine: a.get(key) ?? null, kernel: b.get(key) ?? null };
      if (sides.engine !== sides.kernel) yield { field: `maps.${mine.name}[${key}]`, ...sides };
    }
  }
}

function* allMismatches(engine: RunReply, kernel: RunReply): Iterable<Mismatch> {
  if (engine.result === null || kernel.result === null) {
    const sides = { engine: engine.refusal?.message ?? null, kernel: kernel.refusal?.message ?? null };
    if (engine.result !== null || kernel.result !== null) yield { field: 'refusal', ...sides };
    return;
  }
  yield* resultMismatches(engine.result, kernel.result);
  if (!kernel.unseen?.includes('printk')) yield* listMismatches('printk', engine.result.printk, kernel.result.printk);
  const records = [engine.result.records, kernel.result.records] as const;
  yield* listMismatches('records', recordTexts(records[0], records[1]), recordTexts(records[1], records[0]));
  yield* mapMismatches(engine.maps, kernel.maps);
}

/** Of every run: those of further steps say which. */
function* stepMismatches(engine: RunReply, kernel: RunReply): Iterable<Mismatch> {
  yield* allMismatches(engine, kernel);
  const [mine, theirs] = [engine.more ?? [], kernel.more ?? []];
  if (mine.length !== theirs.length) yield { field: 'steps', engine: mine.length + 1, kernel: theirs.length + 1 };
  for (const [i, reply] of mine.entries()) {
    const other = theirs[i];
    if (other === undefined) continue;
    for (const one of allMismatches(reply, other)) yield { ...one, field: `step ${i + 2}: ${one.field}` };
  }
}

function withDefaults<Step extends RunStep>(step: Step): Step {
  return { ...step, opts: { ...step.opts, env: { ...DEFAULT_ENV, ...step.opts.env } } };
}

/** The request as a judge gets it: the environment that the engine would hand in by itself is said, so that both see the same. */
export function judgeRequest(request: RunRequest): RunRequest {
  const { more } = request;
  return { ...withDefaults(request), ...(more === undefined ? {} : { more: more.map(withDefaults) }) };
}

/**
 * Every difference between what the engine and the kernel answered; empty when they agree, also when both refuse.
 * Durations, instruction counts and where a redirect would go are not compared: the kernel does not say them, or says its own.
 */
export function compareReplies(engine: RunReply, kernel: RunReply, rules: CompareRules = {}): Mismatch[] {
  const ignored = (field: string) =>
    (rules.ignore ?? []).some((one) => field.replace(/^step \d+: /, '').startsWith(one));
  return [...stepMismatches(engine, kernel)].filter(({ field }) => !ignored(field));
}
