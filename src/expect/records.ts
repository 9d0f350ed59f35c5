/** Compares what a program sent to user space with the records a case names: by BTF type, as text, as bytes; in order. */
import { type ObjectSpec, type OutputRecord, typeName, typeSize } from '../../engine/index.ts';
import type { World } from '../backends/world-names.ts';
import { clip, plain } from '../format/sanitize.ts';
import { valueChanges, valueText } from '../format/values.ts';
import { InputError } from '../input-error.ts';
import { decodeBytes, encodeOver, namedBytes, type Shape } from '../maps/codec.ts';
import type { Difference } from '../outcome.ts';
import { parseHex, toHex } from '../packet/hex.ts';
import { didYouMean } from '../suggest.ts';
import type { RecordExpectation } from '../test-case.ts';
import { type Fix, partFix } from './fix.ts';

const SHOWN = 120;
/** perf_event_output pads what it hands over to a multiple of 8, behind a header of 4. */
const PERF_PADDING = 8;

type Wanted = Exclude<RecordExpectation, string | Uint8Array | RegExp>;

function entry(at: string, expected: string, received: string, fix?: Fix): Difference {
  const told = { field: 'records', at, expected: clip(expected, SHOWN), received: clip(received, SHOWN) };
  return fix === undefined ? told : { ...told, fix };
}

const KEEP =
  ' (the compiler leaves out types that only locals have: `const struct event *unused __attribute__((unused));` keeps one)';

/** Type ids by C name, of one object's BTF. */
const typeNames = new WeakMap<object, Map<string, number>>();

function typesByName(btf: NonNullable<ObjectSpec['btf']>): Map<string, number> {
  const known = typeNames.get(btf);
  if (known) return known;
  const names = new Map<string, number>();
  for (let id = btf.types.length - 1; id > 0; id--) if (typeSize(btf, id) > 0) names.set(typeName(btf, id), id);
  typeNames.set(btf, names);
  return names;
}

/** A type by its name, `struct event` or just `event`. Throws InputError where the object has none. */
function shapeOf(world: World, name: string, at: string): Shape {
  const words = [name, `struct ${name}`, `union ${name}`];
  const owner = world.find(({ spec }) => spec.btf && words.some((word) => typesByName(spec.btf!).has(word)));
  const spec = owner?.spec ?? world[0]?.spec;
  if (!spec?.btf)
    throw new InputError(`expect.records${at}: the object has no BTF to know ${name} by (compile with -g)`);
  const names = typesByName(spec.btf);
  const id = words.map((word) => names.get(word)).find((known) => known !== undefined);
  if (id === undefined) {
    const near = didYouMean(name, [...names.keys()]);
    throw new InputError(`expect.records${at}: the object's BTF has no type ${name}${near || KEEP}`);
  }
  return { btf: spec.btf, type_id: id, size: typeSize(spec.btf, id) };
}

function textOf(data: Uint8Array): string {
  const end = data.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? data : data.subarray(0, end));
}

/** Bytes sent, where padding may follow. */
function sameBytes(wanted: Uint8Array, { kind, data }: OutputRecord): boolean {
  const padding = data.length - wanted.length;
  if (padding !== 0 && !(kind === 'perf' && padding > 0 && padding < PERF_PADDING)) return false;
  return wanted.every((byte, i) => byte === data[i]);
}

function typedDifferences(wanted: Wanted, got: OutputRecord, world: World, i: number): Difference[] {
  const at = `[${i}]`;
  const shape = shapeOf(world, wanted.type!, at);
  const padding = got.data.length - shape.size;
  if (padding !== 0 && !(got.kind === 'perf' && padding > 0 && padding < PERF_PADDING)) {
    return [entry(at, `${wanted.type}, ${shape.size} bytes`, `${got.data.length} bytes ${toHex(got.data)}`)];
  }
  if (wanted.value === undefined) return [];
  const received = got.data.subarray(0, shape.size);
  const expected = received.slice();
  encodeOver(shape, wanted.value, expected, `expect.records${at}`);
  if (expected.every((byte, i) => byte === received[i])) return [];
  const changes = valueChanges(decodeBytes(shape, expected), decodeBytes(shape, received));
  const shown = (value: Parameters<typeof valueText>[0] | undefined) =>
    value === undefined ? '(absent)' : valueText(value);
  const path = ['records', i, 'value'];
  const named = namedBytes(shape, received);
  return changes.map((c) =>
    entry(at + c.path, shown(c.before), shown(c.after), {
      ...partFix(path, c, named),
      whole: { path, hex: toHex(received) },
    }),
  );
}

function textHolds(wanted: string | RegExp, text: string): boolean {
  return typeof wanted === 'string' ? wanted === text : wanted.test(text);
}

function recordDifferences(wanted: Wanted, got: OutputRecord, world: World, i: number): Difference[] {
  const out: Difference[] = [];
  const [at, path] = [`[${i}]`, ['records', i] as const];
  if (wanted.cpu !== undefined && wanted.cpu !== got.cpu)
    out.push(entry(`${at}.cpu`, String(wanted.cpu), String(got.cpu), { path: [...path, 'cpu'], value: got.cpu }));
  if (wanted.hex !== undefined && !sameBytes(parseHex(wanted.hex), got)) {
    const fix = { path: [...path, 'hex'], or: path, value: toHex(got.data) };
    out.push(entry(at, toHex(parseHex(wanted.hex)), toHex(got.data), fix));
  }
  if (wanted.text !== undefined && !textHolds(wanted.text, textOf(got.data))) {
    const expected = typeof wanted.text === 'string' ? JSON.stringify(wanted.text) : String(wanted.text);
    const fix = { path: [...path, 'text'], value: textOf(got.data) };
    out.push(entry(at, expected, JSON.stringify(plain(textOf(got.data))), fix));
  }
  if (wanted.type !== undefined) out.push(...typedDifferences(wanted, got, world, i));
  return out;
}

/** What a bare value stands for: bytes, or text for a regular expression. */
function wantedOf(given: RecordExpectation): Wanted {
  if (given instanceof RegExp) return { text: given };
  if (given instanceof Uint8Array) return { hex: toHex(given) };
  return typeof given === 'string' ? { hex: given } : given;
}

function wantedText(wanted: Wanted): string {
  const what = wanted.type ?? wanted.hex ?? (wanted.text === undefined ? 'a record' : String(wanted.text));
  return wanted.map === undefined ? what : `${what} in ${wanted.map}`;
}

/**
 * Differences in order: each expectation takes the next record (of its map, when it names one); what is left over is
 * too much. Throws InputError for a type that the object does not have.
 */
export function expectRecords(
  wanted: readonly RecordExpectation[],
  world: World,
  records: readonly OutputRecord[],
): Difference[] {
  const left = [...records];
  const out: Difference[] = [];
  wanted.map(wantedOf).forEach((one, i) => {
    const place = left.findIndex((record) => one.map === undefined || record.map === one.map);
    const [got] = place < 0 ? [] : left.splice(place, 1);
    if (got) out.push(...recordDifferences(one, got, world, i));
    else out.push(entry(`[${i}]`, wantedText(one), 'no record', { path: ['records', i], value: undefined }));
  });
  for (const [i, more] of left.entries()) {
    const fix = { path: ['records', wanted.length + i], value: { map: more.map, hex: toHex(more.data) } };
    out.push(entry(`[${wanted.length + i}]`, 'no more records', `${more.map} ${toHex(more.data)}`, fix));
  }
  return out;
}
