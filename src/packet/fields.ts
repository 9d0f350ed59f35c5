/** Header fields of a dissected packet by path, `ipv4.ttl` or `ipv4[2].src`, and whether one holds what is expected. */
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import { parseIpv6, parseMac } from './addresses.ts';
import { fieldNames, LAYER_NAMES } from './build.ts';
import { bytesOrNull } from './build-values.ts';
import type { Field, Layer } from './layers.ts';
import { ECN_NAMES, namedText, nameIn } from './protocols.ts';
import { fullName } from './short-names.ts';
import { parseFlags } from './tcp-flags.ts';

export interface FieldPath {
  readonly layer: string;
  /** Which layer of the kind, from 1. */
  readonly nth: number;
  /** Full name; null: the layer as a whole. */
  readonly field: string | null;
  /** Which field of the name (options repeat), from 1. */
  readonly field_nth: number;
}

const PATH = /^([a-z0-9]+)(?:\[(\d+)\])?(?:\.([\w.:]+?)(?:\[(\d+)\])?)?$/;
const BLOBS = ['payload', 'padding', 'meta'];
/** Layers that the dissector shows and the builder makes in another way, or not at all. */
const SHOWN_ONLY = ['chunk', 'ah', ...BLOBS];
const LISTS = /^(options|extensions)\./;

function checkField(path: string, layer: string, field: string): void {
  const known = fieldNames(layer);
  if (known === null || known.includes(field) || LISTS.test(field)) return;
  throw new InputError(`${path}: ${layer} has no field ${field}${didYouMean(field, known) || `: ${known.join(', ')}`}`);
}

/** Reads a path. Throws InputError when it is none, or names a layer or field that there cannot be. */
export function parseFieldPath(path: string): FieldPath {
  const match = PATH.exec(path);
  if (!match) throw new InputError(`${path} is no field: layer.field, as in ipv4.ttl or ipv4[2].ttl`);
  const [, layer = '', nth = '1', name, nthField = '1'] = match;
  if (Number(nth) < 1 || Number(nthField) < 1) throw new InputError(`${path}: layers and fields count from 1`);
  const known = [...LAYER_NAMES, ...SHOWN_ONLY];
  if (!known.includes(layer)) {
    throw new InputError(`${path}: there is no layer ${layer}${didYouMean(layer, known) || `: ${known.join(', ')}`}`);
  }
  const field = name === undefined ? null : fullName(layer, name);
  if (field !== null) checkField(path, layer, field);
  return { layer, nth: Number(nth), field, field_nth: Number(nthField) };
}

interface Part {
  readonly of: string;
  readonly text: (word: number) => string | number;
}

const DSCP = (of: string): Part => ({ of, text: (word) => word >> 2 });
const ECN = (of: string): Part => ({ of, text: (word) => namedText(word & 3, nameIn(ECN_NAMES, word & 3)) });

/** Fields that are a part of another one. */
const PARTS: { readonly [path: string]: Part } = {
  'ipv4.dscp': DSCP('tos'),
  'ipv4.ecn': ECN('tos'),
  'ipv4.df': { of: 'frag_off', text: (word) => (word >> 14) & 1 },
  'ipv4.mf': { of: 'frag_off', text: (word) => (word >> 13) & 1 },
  'ipv4.offset': { of: 'frag_off', text: (word) => (word & 0x1fff) * 8 },
  'ipv6.dscp': DSCP('tclass'),
  'ipv6.ecn': ECN('tclass'),
  'fragment.mf': { of: 'frag_off', text: (word) => word & 1 },
  'fragment.offset': { of: 'frag_off', text: (word) => word & 0xfff8 },
};

/** The number that a field's text begins with, NaN when it begins with none. */
function numberOf(field: Field): number {
  return Number(field.value.split(' ')[0]);
}

function wholeLayer(layer: Layer): Field {
  const value = BLOBS.includes(layer.proto) ? `${layer.end - layer.start} bytes` : layer.summary;
  return { name: 'bytes', value, start: layer.start, end: layer.end };
}

/** A field by its path, null when the packet has no such layer or field. Throws InputError for an impossible path. */
export function fieldOf(layers: readonly Layer[], path: string | FieldPath): Field | null {
  const p = typeof path === 'string' ? parseFieldPath(path) : path;
  const layer = layers.filter((one) => one.proto === p.layer)[p.nth - 1];
  if (!layer) return null;
  if (p.field === null) return wholeLayer(layer);
  const part = PARTS[`${p.layer}.${p.field}`];
  const found = layer.fields.filter((field) => field.name === (part?.of ?? p.field))[p.field_nth - 1];
  if (!found || !part) return found ?? null;
  return { ...found, name: p.field, value: String(part.text(numberOf(found))) };
}

function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function sameText(field: Field, expected: string): boolean {
  if (expected.trim() === '') return false;
  const [, outside = '', inside = ''] = /^(.*?)(?: \((.*)\))?$/.exec(field.value) ?? [];
  const words = [field.value, outside, inside, inside.split(',')[0] ?? ''].map(plainWords);
  if (words.includes(plainWords(expected))) return true;
  if (sameBytes(parseIpv6(expected), parseIpv6(field.value))) return true;
  if (sameBytes(parseMac(expected), parseMac(field.value))) return true;
  return Number(expected) === numberOf(field);
}

/** TCP's flags are the only ones with words. */
function sameFlags(field: Field, expected: unknown): boolean {
  return field.name === 'flags' && parseFlags(expected) === numberOf(field);
}

/**
 * Whether a field holds what is expected: a number; text (the field's, an address, the word in brackets: `echo request`,
 * `right`); a regular expression; true or false for not zero or zero; for payloads bytes or text.
 */
export function fieldHolds(packet: Uint8Array, field: Field, expected: unknown): boolean {
  if (expected instanceof RegExp) return expected.test(field.value);
  if (typeof expected === 'number' || typeof expected === 'bigint') return numberOf(field) === Number(expected);
  if (typeof expected === 'boolean') return (field.value === 'present' || numberOf(field) !== 0) === expected;
  if (field.name === 'bytes' && sameBytes(bytesOrNull(expected), packet.subarray(field.start, field.end))) return true;
  if (typeof expected === 'string') return sameText(field, expected) || sameFlags(field, expected);
  return sameFlags(field, expected);
}
