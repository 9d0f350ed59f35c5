/** Compares maps with the entries a case names: only these, and of structs only the fields named. */
import { type Decoded, MAP_TYPE, type MapDump, type ObjectSpec } from '../engine/index.ts';
import { encoderOf } from './backends/preset-values.ts';
import { clip } from './format/sanitize.ts';
import { valueChanges, valueText } from './format/values.ts';
import { InputError } from './input-error.ts';
import {
  cpuStride,
  decodeBytes,
  decodeValue,
  encodeOver,
  isArrayMap,
  isDataSection,
  keyShape,
  valueShape,
} from './map-codec.ts';
import type { Difference } from './outcome.ts';

const KEY_SHOWN = 60;

/** Maps whose values mean something only inside one world (programs, maps): ids say nothing to a case. */
const OPAQUE: ReadonlySet<number> = new Set([
  MAP_TYPE.PROG_ARRAY,
  MAP_TYPE.ARRAY_OF_MAPS,
  MAP_TYPE.HASH_OF_MAPS,
  MAP_TYPE.PERF_EVENT_ARRAY,
  MAP_TYPE.RINGBUF,
  MAP_TYPE.BLOOM_FILTER,
]);

const NAMED: ReadonlySet<number> = new Set([MAP_TYPE.PROG_ARRAY, MAP_TYPE.ARRAY_OF_MAPS, MAP_TYPE.HASH_OF_MAPS]);

interface MapScope {
  readonly spec: ObjectSpec | null;
  readonly dump: MapDump;
}

function entry(at: string, expected: string, received: string): Difference {
  return { field: 'maps', at, expected, received };
}

function shown(value: Decoded | undefined): string {
  return value === undefined ? '(absent)' : valueText(value);
}

/** The differences between the received bytes and the same with what is expected written over them. */
function overwritten(at: string, received: Uint8Array, expected: Uint8Array, read: (b: Uint8Array) => Decoded) {
  if (expected.every((byte, i) => byte === received[i])) return [];
  const changes = valueChanges(read(expected), read(received));
  if (changes.length === 0) return [entry(at, shown(read(expected)), shown(read(received)))];
  return changes.map((c) => entry(at + c.path, shown(c.before), shown(c.after)));
}

/** Expected bytes of a value: the received ones where the case names nothing. */
function expectedBytes({ spec, dump }: MapScope, value: unknown, over: Uint8Array, at: string): Uint8Array {
  const out = over.slice();
  const shape = valueShape(spec, dump);
  if (!dump.percpu) {
    encodeOver(shape, value, out, `expect.maps.${at}`);
    return out;
  }
  const stride = cpuStride(dump);
  const cpus = out.length / stride;
  const list = Array.isArray(value) && value.length === cpus ? value : new Array<unknown>(cpus).fill(value);
  list.forEach((one, cpu) => {
    const part = out.subarray(cpu * stride, cpu * stride + dump.value_size);
    encodeOver(shape, one, part, `expect.maps.${at}${cpus > 1 ? ` (cpu ${cpu})` : ''}`);
  });
  return out;
}

function sectionDifferences(scope: MapScope, content: unknown): Difference[] {
  const { spec, dump } = scope;
  const received = dump.entries[0]?.value ?? new Uint8Array(dump.value_size);
  const expected = expectedBytes(scope, content, received, dump.name);
  return overwritten(dump.name, received, expected, (bytes) => decodeBytes(valueShape(spec, dump), bytes));
}

/** Queues and stacks: the values in the order in which they would be taken out. */
function queueDifferences(scope: MapScope, content: unknown): Difference[] {
  const { spec, dump } = scope;
  if (!Array.isArray(content)) throw new InputError(`expect.maps.${dump.name}: a list of values belongs here`);
  const out: Difference[] = [];
  for (let i = 0; i < Math.max(content.length, dump.entries.length); i++) {
    const at = `${dump.name}[${i}]`;
    const received = dump.entries[i]?.value;
    const blank = received ?? new Uint8Array(dump.value_size);
    const expected = i < content.length ? expectedBytes(scope, content[i], blank, at) : null;
    const read = (bytes: Uint8Array) => decodeBytes(valueShape(spec, dump), bytes);
    if (received && expected) out.push(...overwritten(at, received, expected, read));
    else
      out.push(entry(at, expected ? shown(read(expected)) : '(absent)', received ? shown(read(received)) : '(absent)'));
  }
  return out;
}

/** `[[key, value], …]`, `{key: value}`, and `[v0, v1]` for arrays, as pairs. */
function pairsOf(dump: MapDump, content: unknown): (readonly [unknown, unknown])[] {
  if (content instanceof Map) return [...content];
  if (Array.isArray(content)) {
    if (content.every((item) => Array.isArray(item) && item.length === 2)) return content as [unknown, unknown][];
    if (isArrayMap(dump)) return content.map((value, index) => [index, value] as const);
  } else if (typeof content === 'object' && content !== null) {
    return Object.entries(content);
  }
  throw new InputError(`expect.maps.${dump.name}: write [[key, value], …] or {key: value}`);
}

/** Keys are written as in presets: prefixes of tries included. */
function keyBytes({ spec, dump }: MapScope, key: unknown): Uint8Array {
  const path = `expect.maps.${dump.name} key`;
  const map = spec?.maps.find((one) => one.name === dump.name);
  if (spec && map) return encoderOf(spec, map, 1).key(key, path);
  const bytes = new Uint8Array(dump.key_size);
  encodeOver(keyShape(spec, dump), key, bytes, path);
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function entryDifferences(scope: MapScope, key: unknown, value: unknown): Difference[] {
  const { spec, dump } = scope;
  const wanted = keyBytes(scope, key);
  const at = `${dump.name}[${clip(valueText(decodeBytes(keyShape(spec, dump), wanted)), KEY_SHOWN)}]`;
  const found = dump.entries.find((e) => sameBytes(e.key, wanted))?.value;
  const read = (bytes: Uint8Array) => decodeValue(spec, dump, bytes);
  if (value === null) return found ? [entry(at, '(absent)', shown(read(found)))] : [];
  const size = dump.percpu ? (dump.entries[0]?.value.length ?? cpuStride(dump)) : dump.value_size;
  const blank = new Uint8Array(size);
  const received = found ?? (isArrayMap(dump) ? blank : null);
  const expected = expectedBytes(scope, value, received ?? blank, at);
  return received ? overwritten(at, received, expected, read) : [entry(at, shown(read(expected)), '(absent)')];
}

/** Maps of programs and of maps: what each key names. */
function namedDifferences(scope: MapScope, content: unknown, refs: readonly (string | null)[]): Difference[] {
  const { spec, dump } = scope;
  return pairsOf(dump, content).flatMap(([key, value]) => {
    const wanted = keyBytes(scope, key);
    const at = `${dump.name}[${clip(valueText(decodeBytes(keyShape(spec, dump), wanted)), KEY_SHOWN)}]`;
    if (value !== null && typeof value !== 'string') {
      throw new InputError(`expect.maps.${at}: takes the name of a program or map, or null`);
    }
    const place = dump.entries.findIndex((e) => sameBytes(e.key, wanted));
    const name = place < 0 ? null : (refs[place] ?? '(without a name)');
    return name === value ? [] : [entry(at, value ?? '(absent)', name ?? '(absent)')];
  });
}

function mapDifferences(scope: MapScope, content: unknown): Difference[] {
  const { dump } = scope;
  if (dump.refs && NAMED.has(dump.type)) return namedDifferences(scope, content, dump.refs);
  if (OPAQUE.has(dump.type)) {
    throw new InputError(`expect.maps.${dump.name}: the content of this kind of map cannot be compared`);
  }
  if (isDataSection(scope.spec, dump)) return sectionDifferences(scope, content);
  if (dump.type === MAP_TYPE.QUEUE || dump.type === MAP_TYPE.STACK) return queueDifferences(scope, content);
  return pairsOf(dump, content).flatMap(([key, value]) => entryDifferences(scope, key, value));
}

/** Differences in the maps named. Throws InputError for a map the object does not have, or a value its type cannot hold. */
export function expectMaps(
  wanted: { readonly [map: string]: unknown },
  spec: ObjectSpec | null,
  maps: readonly MapDump[],
): Difference[] {
  return Object.entries(wanted).flatMap(([name, content]) => {
    const dump = maps.find((map) => map.name === name);
    if (!dump) {
      const known = maps.map((map) => map.name).join(', ');
      throw new InputError(`expect.maps: the object has no map ${name}${known === '' ? '' : `: it has ${known}`}`);
    }
    return mapDifferences({ spec, dump }, content);
  });
}
