/** Where engine and kernel answered otherwise, in the user's terms: fields of packets, contexts and map values by name. */
import { ctxToFields, type Decoded, type MapDump, type ObjectSpec } from '../../engine/index.ts';
import type { Mismatch } from '../backends/backend.ts';
import { splitName, type World } from '../backends/world-names.ts';
import { errnoText } from '../format/errnos.ts';
import { clip } from '../format/sanitize.ts';
import { valueChanges, valueText } from '../format/values.ts';
import { retvalText } from '../format/verdicts.ts';
import { decodeValue, isArrayMap, isDataSection, keyText } from '../maps/codec.ts';
import type { Difference } from '../outcome.ts';
import { parseHex } from '../packet/hex.ts';
import { MISMATCH } from './mismatch-words.ts';
import { expectPacket } from './packet.ts';

const TEXT_MAX = 120;
const KEY_MAX = 48;
const NOTHING = 'nothing';

/** What a run was, as far as its answers are read by it. */
export interface MismatchScope {
  readonly world: World;
  /** PROG_TYPE. */
  readonly type: number;
  /** The engine's maps, after any of its steps. */
  readonly maps: readonly MapDump[];
}

type Sides = Pick<Mismatch, 'engine' | 'kernel'>;

function entry(at: string, kernel: string, engine: string): Difference {
  return { field: MISMATCH, at, expected: clip(kernel, TEXT_MAX), received: clip(engine, TEXT_MAX) };
}

function text(value: unknown): string {
  return value === null || value === undefined ? NOTHING : String(value);
}

/** Both sides as text, by a way to say one that is there. */
function said(at: string, { engine, kernel }: Sides, say: (value: number) => string): Difference[] {
  const side = (value: unknown) => (typeof value === 'number' ? say(value) : text(value));
  return [entry(at, side(kernel), side(engine))];
}

/** Both sides as bytes; null when one is none. */
function bytesOf({ engine, kernel }: Sides): { readonly engine: Uint8Array; readonly kernel: Uint8Array } | null {
  if (typeof engine !== 'string' || typeof kernel !== 'string') return null;
  return { engine: parseHex(engine), kernel: parseHex(kernel) };
}

function packetDifferences(at: string, sides: Sides): Difference[] {
  const bytes = bytesOf(sides);
  if (bytes === null) return [entry(at, text(sides.kernel), text(sides.engine))];
  return expectPacket(bytes.kernel, null, bytes.engine).map((one) =>
    entry(one.at === '' ? at : `${at} ${one.at}`, one.expected, one.received),
  );
}

function contextDifferences(at: string, sides: Sides, type: number): Difference[] {
  const bytes = bytesOf(sides);
  if (bytes === null) return [entry(at, text(sides.kernel), text(sides.engine))];
  const changes = valueChanges(ctxToFields(type, bytes.kernel), ctxToFields(type, bytes.engine));
  return changes.map(({ path, before, after }) => entry(`${at}${path}`, sideText(before), sideText(after)));
}

function sideText(value: Decoded | undefined): string {
  return value === undefined ? NOTHING : valueText(value);
}

/** `maps.NAME[KEY]`, the key in hex, or by number where there are no keys. */
const ELEMENT = /^maps\.(.+)\[([0-9a-f]*)\]$/;

function mapDifferences(field: string, sides: Sides, { world, maps }: MismatchScope): Difference[] | null {
  const [, name = '', key = ''] = ELEMENT.exec(field) ?? [];
  const found = maps.find((one) => one.name === name);
  // Values that are ids come by name.
  if (found === undefined || found.refs !== undefined) return null;
  const [label, bare] = splitName(name);
  const dump = { ...found, name: bare };
  const spec = world.find((one) => one.label === label)?.spec ?? null;
  const shown = dump.key_size === 0 ? key : keyText(spec, dump, parseHex(key));
  const place = isDataSection(spec, dump) ? name : `${name}[${clip(shown, KEY_MAX)}]`;
  const values = { kernel: valueAt(spec, dump, sides.kernel), engine: valueAt(spec, dump, sides.engine) };
  return valueChanges(values.kernel, values.engine).map(({ path, before, after }) =>
    entry(`${place}${path}`, sideText(before), sideText(after)),
  );
}

/** An element's value; undefined where there is none. Elements of arrays that are not listed are zeros. */
function valueAt(spec: ObjectSpec | null, dump: MapDump, side: unknown): Decoded | undefined {
  if (typeof side !== 'string')
    return isArrayMap(dump) ? decodeValue(spec, dump, new Uint8Array(dump.value_size)) : undefined;
  const bytes = parseHex(side);
  return dump.percpu || bytes.length === dump.value_size ? decodeValue(spec, dump, bytes) : side;
}

function differencesOf({ field, ...sides }: Mismatch, scope: MismatchScope): Difference[] {
  const [, step = '', bare = ''] = /^(step \d+: )?(.*)$/.exec(field) ?? [];
  const at = `${step}${bare}`;
  if (bare === 'retval') return said(at, sides, (value) => retvalText(scope.type, value));
  if (bare === 'errno') return said(at, sides, (value) => (value === 0 ? 'no errno' : errnoText(value)));
  if (bare === 'data_out') return packetDifferences(at, sides);
  if (bare === 'ctx_out' || bare === 'ctx_in_after') return contextDifferences(at, sides, scope.type);
  const ofMap = mapDifferences(bare, sides, scope);
  if (ofMap !== null) return ofMap.map((one) => ({ ...one, at: `${step}${one.at}` }));
  return [entry(at, text(sides.kernel), text(sides.engine))];
}

/** A difference a leaf: what the kernel says stands as expected, what the engine says as received. */
export function mismatchDifferences(mismatches: readonly Mismatch[], scope: MismatchScope): Difference[] {
  return mismatches.flatMap((one) => differencesOf(one, scope));
}
