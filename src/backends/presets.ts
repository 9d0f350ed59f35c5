/** Map content as users write it, turned into the updates user space would make: keys and values as bytes, programs and inner maps by name. */
import { MAP_TYPE, type MapSpec, type ObjectSpec } from '../../engine/index.ts';
import { mapTypeName } from '../format/prog-types.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { MapPreset } from './backend.ts';
import { dataSection, type Encoder, encoderOf, keyText } from './preset-values.ts';
import { namesIn, ownerOf, splitName, type World, worldName } from './world-names.ts';

/** What a map's element becomes. Names stand where bpf(2) takes descriptors; whoever applies the update knows them. */
export type UpdateValue =
  /** The bytes, and where in them the id of a program goes (devmap, cpumap), if one is named. */
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      readonly program?: { readonly name: string; readonly offset: number };
    }
  /** Taken out, where it is in: BPF_MAP_DELETE_ELEM. */
  | { readonly kind: 'gone' }
  /** prog_array: a program of the object. */
  | { readonly kind: 'program'; readonly name: string }
  /** Map-in-map: a map of the object. */
  | { readonly kind: 'map'; readonly name: string }
  /** Map-in-map: a new map of the template's shape with this content. */
  | { readonly kind: 'new-map'; readonly template: MapSpec; readonly updates: readonly ElementUpdate[] };

export interface ElementUpdate {
  /** Empty for queues, stacks and bloom filters: the value is pushed. */
  readonly key: Uint8Array;
  readonly value: UpdateValue;
  /** For messages: `backends[3]`. */
  readonly path: string;
}

/** One BPF_MAP_UPDATE_ELEM or BPF_MAP_DELETE_ELEM, in the order they are to be made. */
export interface MapUpdate extends ElementUpdate {
  readonly map: string;
}

const INDEXED: ReadonlySet<number> = new Set<number>([
  MAP_TYPE.ARRAY,
  MAP_TYPE.PERCPU_ARRAY,
  MAP_TYPE.PROG_ARRAY,
  MAP_TYPE.ARRAY_OF_MAPS,
  MAP_TYPE.DEVMAP,
  MAP_TYPE.CPUMAP,
  MAP_TYPE.XSKMAP,
  MAP_TYPE.SOCKMAP,
  MAP_TYPE.CGROUP_ARRAY,
]);
const PUSHED: ReadonlySet<number> = new Set<number>([MAP_TYPE.QUEUE, MAP_TYPE.STACK, MAP_TYPE.BLOOM_FILTER]);
const KEYED: ReadonlySet<number> = new Set<number>([
  MAP_TYPE.HASH,
  MAP_TYPE.LRU_HASH,
  MAP_TYPE.PERCPU_HASH,
  MAP_TYPE.LRU_PERCPU_HASH,
  MAP_TYPE.LPM_TRIE,
  MAP_TYPE.HASH_OF_MAPS,
  MAP_TYPE.DEVMAP_HASH,
  MAP_TYPE.SOCKHASH,
  MAP_TYPE.SK_STORAGE,
]);

/** What the readers of elements share. */
interface Scope {
  readonly spec: ObjectSpec;
  /** The object's own label in the world, and all that names may mean. */
  readonly label: string;
  readonly world: World;
  readonly map: MapSpec;
  readonly encoder: Encoder;
  readonly cpus: number;
}

type Record = { readonly [name: string]: unknown };

function isRecord(value: unknown): value is Record {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The world's name for what a user named. */
function nameIn({ world, label, map }: Scope, given: string, path: string, kind: 'maps' | 'programs'): string {
  const owner = ownerOf(world, given, kind, label);
  if (owner) return worldName(owner.label, splitName(given)[1]);
  const own = worldName(label, map.name);
  const known = namesIn(world, kind).filter((name) => name !== own && !/(^|#)\./.test(name));
  const all = known.length > 0 && known.length <= 12 ? ` (there are ${known.join(', ')})` : '';
  throw new InputError(
    `${path}: the object has no ${kind === 'maps' ? 'map' : 'program'} ${given}${didYouMean(given, known) || all}`,
  );
}

function programName(scope: Scope, given: unknown, path: string): string {
  const name = isRecord(given) ? given.program : given;
  if (typeof name !== 'string') throw new InputError(`${path}: takes the name of a program of the object`);
  return nameIn(scope, name, path, 'programs');
}

/** struct bpf_devmap_val and bpf_cpumap_val: a number, then the program's place. */
function numberAndProgram(scope: Scope, given: unknown, field: string, path: string): UpdateValue {
  const record: Record = isRecord(given) ? given : { [field]: given };
  const wrong = Object.keys(record).find((name) => ![field, 'prog', 'program'].includes(name));
  if (wrong !== undefined) throw new InputError(`${path}: has no field ${wrong}: ${field} and prog`);
  const number = Number(record[field] ?? 0);
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw new InputError(`${path}.${field}: ${String(record[field])} is no number from 0 to 2^32-1`);
  }
  const bytes = new Uint8Array(scope.map.value_size);
  const view = new DataView(bytes.buffer);
  if (bytes.length >= 4) view.setUint32(0, number, true);
  const program = record.prog ?? record.program;
  if (program === undefined || program === null) return { kind: 'bytes', bytes };
  if (bytes.length < 8) throw new InputError(`${path}: values of ${bytes.length} bytes have no room for a program`);
  return { kind: 'bytes', bytes, program: { name: programName(scope, program, path), offset: 4 } };
}

function innerMap(scope: Scope, given: unknown, path: string): UpdateValue {
  if (typeof given === 'string') {
    return { kind: 'map', name: nameIn(scope, given, path, 'maps') };
  }
  const template = scope.map.inner;
  if (template === null)
    throw new InputError(`${path}: the map's inner maps have no template: name a map of the object`);
  const inner = { ...scope, map: template, encoder: encoderOf(scope.spec, template, scope.cpus) };
  return { kind: 'new-map', template, updates: elements(inner, given, path) };
}

const FIXED: ReadonlySet<number> = new Set<number>([MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]);

/** `null`: no entry. */
function entryValue(scope: Scope, given: unknown, path: string): UpdateValue {
  if (given !== null) return elementValue(scope, given, path);
  if (!FIXED.has(scope.map.type)) return { kind: 'gone' };
  throw new InputError(`${path}: an array has all of its entries: null cannot take one away`);
}

function elementValue(scope: Scope, given: unknown, path: string): UpdateValue {
  switch (scope.map.type) {
    case MAP_TYPE.PROG_ARRAY:
      return { kind: 'program', name: programName(scope, given, path) };
    case MAP_TYPE.ARRAY_OF_MAPS:
    case MAP_TYPE.HASH_OF_MAPS:
      return innerMap(scope, given, path);
    case MAP_TYPE.DEVMAP:
    case MAP_TYPE.DEVMAP_HASH:
      return numberAndProgram(scope, given, 'ifindex', path);
    case MAP_TYPE.CPUMAP:
      return numberAndProgram(scope, given, 'qsize', path);
    default:
      return { kind: 'bytes', bytes: scope.encoder.value(given, path) };
  }
}

/** The pairs a user means: `[[key, value], …]`, `{key: value}`, and for indexed kinds `[v0, v1]`. */
function pairsOf(scope: Scope, content: unknown, path: string): (readonly [unknown, unknown])[] {
  if (isRecord(content)) return Object.entries(content);
  if (!Array.isArray(content)) {
    throw new InputError(`${path}: content is {key: value} or [[key, value], …], not ${JSON.stringify(content)}`);
  }
  const pairs = content.every((item) => Array.isArray(item) && item.length === 2);
  if (pairs) return content as [unknown, unknown][];
  if (INDEXED.has(scope.map.type)) return content.map((value, index) => [index, value] as const);
  const wrong = content.findIndex((item) => !Array.isArray(item) || item.length !== 2);
  throw new InputError(`${path}: item ${wrong} is no [key, value] pair`);
}

function checkIndex(scope: Scope, key: Uint8Array, path: string): void {
  const count = scope.map.max_entries;
  if (!INDEXED.has(scope.map.type) || key.length !== 4 || count === 0) return;
  const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
  if (index >= count)
    throw new InputError(
      `${path}: the map has ${count} ${count === 1 ? 'entry' : 'entries'}, the last is [${count - 1}]`,
    );
}

function elements(scope: Scope, content: unknown, path: string): ElementUpdate[] {
  const { map, encoder } = scope;
  if (PUSHED.has(map.type)) {
    if (!Array.isArray(content))
      throw new InputError(`${path}: content of a ${mapTypeName(map.type)} is a list of values`);
    return content.map((value, i) => {
      const at = `${path}[${i}]`;
      return { key: new Uint8Array(0), value: elementValue(scope, value, at), path: at };
    });
  }
  if (!INDEXED.has(map.type) && !KEYED.has(map.type)) {
    throw new InputError(`${path}: a ${mapTypeName(map.type)} map cannot be filled beforehand`);
  }
  return pairsOf(scope, content, path).map(([given, value]) => {
    const at = `${path}[${keyText(given)}]`;
    const key = encoder.key(given, at);
    checkIndex(scope, key, at);
    return { key, value: entryValue(scope, value, at), path: at };
  });
}

function updatesOf(world: World, preset: MapPreset, cpus: number): MapUpdate[] {
  const owner = ownerOf(world, preset.map, 'maps');
  if (!owner) {
    const names = namesIn(world, 'maps');
    throw new InputError(`the object has no map ${preset.map}${didYouMean(preset.map, names) || listed(names)}`);
  }
  const { spec, label } = owner;
  const map = spec.maps.find((m) => m.name === splitName(preset.map)[1])!;
  const path = worldName(label, map.name);
  if (map.data !== null) {
    const bytes = dataSection(spec, map, preset.content, path);
    return [{ map: path, key: new Uint8Array(4), value: { kind: 'bytes', bytes }, path }];
  }
  const scope = { spec, label, world, map, encoder: encoderOf(spec, map, cpus), cpus };
  return elements(scope, preset.content, path).map((update) => ({ map: path, ...update }));
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? ': it has none' : `: one of ${names.slice(0, 20).join(', ')}`;
}

/**
 * All updates that the presets ask for, in order, maps and programs by the world's names (an ObjectSpec is a world of one).
 * `cpus` is the number of possible CPUs, for percpu values. Throws InputError, one sentence that names the map and the
 * place in it.
 */
export function presetUpdates(objects: ObjectSpec | World, presets: readonly MapPreset[], cpus: number): MapUpdate[] {
  const world = 'programs' in objects ? [{ label: '', spec: objects }] : objects;
  return constantsFirst(presets).flatMap((preset) => keptUpdates(world, preset, cpus));
}

const CONSTANTS = /(^|#)\.rodata/;

/** What programs may do depends on their constants, also where they are put into a map. */
function constantsFirst(presets: readonly MapPreset[]): readonly MapPreset[] {
  if (presets.length < 2) return presets;
  return presets.toSorted((a, b) => Number(CONSTANTS.test(b.map)) - Number(CONSTANTS.test(a.map)));
}

interface Kept {
  readonly world: World;
  readonly map: string;
  readonly cpus: number;
  readonly updates: readonly MapUpdate[];
}

/** The updates of content that was read last time for the same map: cases of a suite share theirs, and run again and again. */
const kept = new WeakMap<object, Kept>();

function keptUpdates(world: World, preset: MapPreset, cpus: number): readonly MapUpdate[] {
  const { map, content } = preset;
  if (typeof content !== 'object' || content === null) return updatesOf(world, preset, cpus);
  const known = kept.get(content);
  if (known && sameWorld(known.world, world) && known.map === map && known.cpus === cpus) return known.updates;
  const updates = updatesOf(world, preset, cpus);
  kept.set(content, { world, map, cpus, updates });
  return updates;
}

function sameWorld(a: World, b: World): boolean {
  return a.length === b.length && a.every(({ label, spec }, i) => label === b[i]!.label && spec === b[i]!.spec);
}

/**
 * The world as it stands between two runs: data sections that presets name hold what `current` gives, so that the
 * variables left out keep their values. Throws InputError for sections that are read-only once the object is loaded.
 */
export function betweenRuns(
  world: World,
  presets: readonly MapPreset[],
  current: (map: string) => Uint8Array | null,
): World {
  const named = presets.map((preset) => preset.map);
  return world.map((one) => {
    const own = named.flatMap((name) => (ownerOf(world, name, 'maps') === one ? [splitName(name)[1]] : []));
    return { ...one, spec: sectionsNow(one.spec, own, (map) => current(worldName(one.label, map))) };
  });
}

function sectionsNow(
  spec: ObjectSpec,
  named: readonly string[],
  current: (map: string) => Uint8Array | null,
): ObjectSpec {
  const sections = spec.maps.filter((map) => map.data !== null && named.includes(map.name));
  if (sections.length === 0) return spec;
  const fixed = sections.find((map) => map.name.startsWith('.rodata') || map.name === '.kconfig');
  if (fixed)
    throw new InputError(`${fixed.name}: it is read-only once the object is loaded: set it before the first step`);
  return {
    ...spec,
    maps: spec.maps.map((map) => (sections.includes(map) ? { ...map, data: current(map.name) ?? map.data } : map)),
  };
}
