/** What a program changed in maps, a line each: `stats[0].aborted  0 → 1`. */
import type { MapDump, MapEntry, ObjectSpec } from '../../engine/index.ts';
import { clip } from '../format/sanitize.ts';
import { valueChanges, valueText } from '../format/values.ts';
import { toHex } from '../packet/hex.ts';
import { decodeValue, isArrayMap, isDataSection, keyText } from './codec.ts';

const KEY_SHOWN = 48;
const VALUE_SHOWN = 120;
const LINES_MAX = 40;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** How many entries at the beginning are the same on both sides: all of them, in most maps. */
function sameBeginning(before: MapDump, after: MapDump): number {
  const length = Math.min(before.entries.length, after.entries.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [before.entries[i]!, after.entries[i]!];
    if (!sameBytes(a.key, b.key) || !sameBytes(a.value, b.value)) return i;
  }
  return length;
}

type EntryChange = readonly [MapEntry, Uint8Array | undefined, Uint8Array | undefined];

/** Entries that differ: before, after, undefined where there is none. */
function changedEntries(before: MapDump, after: MapDump): EntryChange[] {
  const first = sameBeginning(before, after);
  const old = new Map(before.entries.slice(first).map((e) => [toHex(e.key), e]));
  const out: EntryChange[] = [];
  for (const entry of after.entries.slice(first)) {
    const key = toHex(entry.key);
    const was = old.get(key);
    old.delete(key);
    if (!was || !sameBytes(was.value, entry.value)) out.push([entry, was?.value, entry.value]);
  }
  for (const entry of old.values()) out.push([entry, entry.value, undefined]);
  return out;
}

function value(text: string): string {
  return clip(text, VALUE_SHOWN);
}

function entryLines(spec: ObjectSpec | null, dump: MapDump, change: EntryChange): string[] {
  const [entry, before, after] = change;
  const key = clip(keyText(spec, dump, entry.key), KEY_SHOWN);
  const name = isDataSection(spec, dump) ? dump.name : `${dump.name}[${key}]`;
  const read = (bytes: Uint8Array) => decodeValue(spec, dump, bytes);
  const zero = isArrayMap(dump) ? new Uint8Array((before ?? after)?.length ?? 0) : undefined;
  const from = before ?? zero;
  const to = after ?? zero;
  if (!from && to) return [`${name}  added ${value(valueText(read(to)))}`];
  if (from && !to) return [`${name}  removed ${value(valueText(read(from)))}`];
  if (!from || !to) return [];
  return valueChanges(read(from), read(to)).map((c) => {
    const [was, is] = [c.before, c.after].map((v) => (v === undefined ? '(absent)' : value(valueText(v))));
    return `${name}${c.path}  ${was} → ${is}`;
  });
}

function queueLines(spec: ObjectSpec | null, before: MapDump, after: MapDump): string[] {
  const list = (dump: MapDump) => dump.entries.map((e) => valueText(decodeValue(spec, dump, e.value))).join(', ');
  const [was, is] = [list(before), list(after)];
  return was === is ? [] : [`${after.name}  [${value(was)}] → [${value(is)}]`];
}

/** Lines for every map of the run that changed, in the object's order. */
export function mapChanges(spec: ObjectSpec | null, before: readonly MapDump[], after: readonly MapDump[]): string[] {
  const lines: string[] = [];
  for (const dump of after) {
    const was = before.find((map) => map.name === dump.name);
    if (!was) continue;
    if (dump.key_size === 0) lines.push(...queueLines(spec, was, dump));
    else for (const change of changedEntries(was, dump)) lines.push(...entryLines(spec, dump, change));
  }
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX), `${lines.length - LINES_MAX} more changes`];
}
