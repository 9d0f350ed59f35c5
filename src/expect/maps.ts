/** Compares maps with the entries a case names: only these, and of structs only the fields named. */
import { type Decoded, MAP_TYPE, type MapDump, type ObjectSpec, typeMembers } from '../../engine/index.ts';
import { encoderOf, isPerCpuList } from '../backends/preset-values.ts';
import { splitName } from '../backends/world-names.ts';
import { clip } from '../format/sanitize.ts';
import { type ValueChange, valueChanges, valueText } from '../format/values.ts';
import { InputError } from '../input-error.ts';
import {
  cpuStride,
  decodeBytes,
  decodeValue,
  encodeOver,
  isArrayMap,
  isDataSection,
  keyShape,
  keyText,
  namedBytes,
  valueShape,
} from '../maps/codec.ts';
import type { Difference } from '../outcome.ts';
import { toHex } from '../packet/hex.ts';
import { type Fix, type Path, partFix } from './fix.ts';

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

/** The paths of fixes begin at the map's content. */
function entry(at: string, expected: string, received: string, fix?: Fix): Difference {
  return { field: 'maps', at, expected, received, ...(fix === undefined ? {} : { fix }) };
}

function shown(value: Decoded | undefined): string {
  return value === undefined ? '(absent)' : valueText(value);
}

/** How the value of an entry is read, and where in the map's content it stands. */
interface Place {
  readonly read: (bytes: Uint8Array) => Decoded;
  /** With enumerators by name. */
  readonly named: (bytes: Uint8Array) => Decoded;
  /** Fix of a part of the value; null where none can be written. */
  readonly fix: (change: ValueChange, received: Uint8Array) => Fix | null;
}

/** The differences between the received bytes and the same with what is expected written over them. */
function overwritten(at: string, received: Uint8Array, expected: Uint8Array, { read, fix }: Place): Difference[] {
  if (expected.every((byte, i) => byte === received[i])) return [];
  const changes = valueChanges(read(expected), read(received));
  if (changes.length === 0) return [entry(at, shown(read(expected)), shown(read(received)))];
  return changes.map((c) => entry(at + c.path, shown(c.before), shown(c.after), fix(c, received) ?? undefined));
}

/** A value that stands as one at a path of the content. */
function placeAt({ spec, dump }: MapScope, path: Path): Place {
  const shape = valueShape(spec, dump);
  const named = (bytes: Uint8Array) => namedBytes(shape, bytes);
  return {
    ...{ read: (bytes) => decodeBytes(shape, bytes), named },
    fix: (change, received) => ({
      ...partFix(path, change, named(received)),
      whole: { path, hex: toHex(received) },
    }),
  };
}

/** A value of a map that may have one a CPU, of which the case says one for all, a list, or that of one CPU. */
function placeOf(scope: MapScope, path: Path, wanted: unknown, cpus: number): Place {
  const { spec, dump } = scope;
  if (!dump.percpu) return placeAt(scope, path);
  const read = (bytes: Uint8Array) => decodeValue(spec, dump, bytes);
  const list = isPerCpuList(spec, dump, wanted);
  return {
    ...{ read, named: read },
    fix: (change, received) => {
      // With one CPU the value is read as one, with more as a list of them.
      const [cpu, ...inside] = cpus > 1 ? change.steps : [0, ...change.steps];
      const steps = { ...change, steps: inside };
      if (saysCpus(spec, dump, wanted, 'cpu,value')) return partFix([...path, 'value'], steps);
      if (list) return partFix([...path, cpu as number], steps);
      const all = read(received);
      return cpus === 1 ? partFix(path, steps) : { path, value: all };
    },
  };
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
  for (const [cpu, one] of valuesByCpu(spec, dump, value, cpus, at)) {
    const part = out.subarray(cpu * stride, cpu * stride + dump.value_size);
    encodeOver(shape, one, part, `expect.maps.${at}${cpus > 1 ? ` (cpu ${cpu})` : ''}`);
  }
  return out;
}

/** Whether an object means what its keys say about CPUs, and is no value of the map's type. */
function saysCpus(
  spec: ObjectSpec | null,
  dump: MapDump,
  value: unknown,
  keys: string,
): value is Record<string, unknown> {
  if (!dump.percpu || typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (Object.keys(value).sort().join() !== keys) return false;
  const members = spec?.btf && dump.value_type_id > 0 ? typeMembers(spec.btf, dump.value_type_id) : [];
  return !members.some((member) => keys.split(',').includes(member.name));
}

/** What is expected of which CPU: a list from CPU 0 on (those left out are not compared), `{cpu, value}`, one value for all. */
function valuesByCpu(
  spec: ObjectSpec | null,
  dump: MapDump,
  value: unknown,
  cpus: number,
  at: string,
): [number, unknown][] {
  if (saysCpus(spec, dump, value, 'cpu,value')) {
    const cpu = Number(value.cpu);
    if (Number.isInteger(cpu) && cpu >= 0 && cpu < cpus) return [[cpu, value.value]];
    throw new InputError(
      `expect.maps.${at}: there is no CPU ${String(value.cpu)}: there ${cpus === 1 ? 'is 1' : `are ${cpus}`} (env.cpus)`,
    );
  }
  if (isPerCpuList(spec, dump, value)) {
    if (value.length > cpus)
      throw new InputError(`expect.maps.${at}: ${value.length} values for ${cpus} CPU${cpus === 1 ? '' : 's'}`);
    return value.map((one, cpu) => [cpu, one]);
  }
  return Array.from({ length: cpus }, (_, cpu) => [cpu, value]);
}

/** The sum over CPUs, field by field. */
function summed(values: readonly Decoded[]): Decoded {
  const [first] = values;
  if (Array.isArray(first)) return first.map((_, i) => summed(values.map((value) => (value as Decoded[])[i]!)));
  if (typeof first === 'object' && first !== null) {
    const field = (value: Decoded, name: string) => (value as { readonly [name: string]: Decoded })[name]!;
    return Object.fromEntries(
      Object.keys(first).map((name) => [name, summed(values.map((value) => field(value, name)))]),
    );
  }
  if (typeof first !== 'number' && typeof first !== 'bigint') return first ?? null;
  const total = values.reduce<bigint>((sum, value) => sum + BigInt(value as number | bigint), 0n);
  return total <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(total) : total;
}

/** `{sum: …}`: what all CPUs together hold, of structs the fields named. */
function sumDifferences(
  { spec, dump }: MapScope,
  wanted: unknown,
  received: Uint8Array,
  at: string,
  path: Path,
): Difference[] {
  const all = decodeValue(spec, dump, received);
  const shape = valueShape(spec, dump);
  const total = summed(received.length > cpuStride(dump) && Array.isArray(all) ? all : [all]);
  const blank = new Uint8Array(dump.value_size);
  encodeOver(shape, wanted, blank, `expect.maps.${at}.sum`);
  return namedChanges(decodeBytes(shape, blank), total, wanted).map((c) =>
    entry(`${at}${c.path} (sum)`, shown(c.before), shown(c.after), partFix([...path, 'sum'], c)),
  );
}

/** Changes of the fields that were written. */
function namedChanges(expected: Decoded, total: Decoded, wanted: unknown) {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return valueChanges(expected, total);
  const part = (value: Decoded): Decoded => {
    const fields = value as { readonly [name: string]: Decoded };
    return Object.fromEntries(Object.keys(wanted).map((name) => [name, fields[name]!]));
  };
  return valueChanges(part(expected), part(total));
}

function sectionDifferences(scope: MapScope, content: unknown): Difference[] {
  const { dump } = scope;
  const received = dump.entries[0]?.value ?? new Uint8Array(dump.value_size);
  const expected = expectedBytes(scope, content, received, dump.name);
  return overwritten(dump.name, received, expected, placeAt(scope, []));
}

/** Queues and stacks: the values in the order in which they would be taken out. */
function queueDifferences(scope: MapScope, content: unknown): Difference[] {
  const { dump } = scope;
  if (!Array.isArray(content)) throw new InputError(`expect.maps.${dump.name}: a list of values belongs here`);
  const out: Difference[] = [];
  for (let i = 0; i < Math.max(content.length, dump.entries.length); i++) {
    const at = `${dump.name}[${i}]`;
    const received = dump.entries[i]?.value;
    const blank = received ?? new Uint8Array(dump.value_size);
    const expected = i < content.length ? expectedBytes(scope, content[i], blank, at) : null;
    const place = placeAt(scope, [i]);
    if (received && expected) out.push(...overwritten(at, received, expected, place));
    else if (received)
      out.push(entry(at, '(absent)', shown(place.read(received)), { path: [i], value: place.named(received) }));
    else if (expected) out.push(entry(at, shown(place.read(expected)), '(absent)', { path: [i], value: undefined }));
  }
  return out;
}

/** A key and its value as the case has them, and where in the content the value stands. */
interface Pair {
  readonly key: unknown;
  readonly value: unknown;
  readonly path: Path;
}

/** `[[key, value], …]`, `{key: value}`, and `[v0, v1]` for arrays, as pairs. */
function pairsOf(dump: MapDump, content: unknown): Pair[] {
  if (content instanceof Map) return [...content].map(([key, value], i) => ({ key, value, path: [i, 1] }));
  if (Array.isArray(content)) {
    if (content.every((item) => Array.isArray(item) && item.length === 2)) {
      return content.map(([key, value], i) => ({ key, value, path: [i, 1] }));
    }
    if (isArrayMap(dump)) return content.map((value, index) => ({ key: index, value, path: [index] }));
  } else if (typeof content === 'object' && content !== null) {
    return Object.entries(content).map(([key, value]) => ({ key, value, path: [key] }));
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

function entryDifferences(scope: MapScope, { key, value, path }: Pair): Difference[] {
  const { spec, dump } = scope;
  const wanted = keyBytes(scope, key);
  const at = `${dump.name}[${clip(keyText(spec, dump, wanted), KEY_SHOWN)}]`;
  const found = dump.entries.find((e) => sameBytes(e.key, wanted))?.value;
  const read = (bytes: Uint8Array) => decodeValue(spec, dump, bytes);
  if (value === null) return found ? [entry(at, '(absent)', shown(read(found)), { path, value: read(found) })] : [];
  const size = dump.percpu ? (dump.entries[0]?.value.length ?? cpuStride(dump)) : dump.value_size;
  const blank = new Uint8Array(size);
  const received = found ?? (isArrayMap(dump) ? blank : null);
  if (saysCpus(spec, dump, value, 'sum')) {
    const gone = entry(at, 'an entry', '(absent)', { path, value: null });
    return received ? sumDifferences(scope, value.sum, received, at, path) : [gone];
  }
  const expected = expectedBytes(scope, value, received ?? blank, at);
  if (!received) return [entry(at, shown(read(expected)), '(absent)', { path, value: null })];
  const cpus = dump.percpu ? received.length / cpuStride(dump) : 1;
  return overwritten(at, received, expected, placeOf(scope, path, value, cpus));
}

/** None for a program or map without a name. */
function namedFix(path: Path, name: string | null | undefined): Fix | undefined {
  return name === undefined ? undefined : { path, value: name };
}

/** Maps of programs and of maps: what each key names. */
function namedDifferences(scope: MapScope, content: unknown, refs: readonly (string | null)[]): Difference[] {
  const { spec, dump } = scope;
  return pairsOf(dump, content).flatMap(({ key, value, path }) => {
    const wanted = keyBytes(scope, key);
    const at = `${dump.name}[${clip(keyText(spec, dump, wanted), KEY_SHOWN)}]`;
    if (value !== null && typeof value !== 'string') {
      throw new InputError(`expect.maps.${at}: takes the name of a program or map, or null`);
    }
    const place = dump.entries.findIndex((e) => sameBytes(e.key, wanted));
    const name = place < 0 ? null : (refs[place] ?? '(without a name)');
    return name === (value === null ? null : splitName(value)[1])
      ? []
      : [
          entry(
            at,
            value ?? '(absent)',
            name ?? '(absent)',
            namedFix(path, place < 0 ? null : (refs[place] ?? undefined)),
          ),
        ];
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
  return pairsOf(dump, content).flatMap((pair) => entryDifferences(scope, pair));
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
