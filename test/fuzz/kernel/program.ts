/** Whole random programs the kernel's verifier should accept: entry, local functions, other programs, maps, and what they run on. */
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { type Frame, VALUE_BYTES } from './frame.ts';
import { Maker, NOWHERE, type Reach } from './maker.ts';
import { Random } from './random.ts';
import type { Tree } from './tree.ts';

/** What a program runs on. */
export interface Input {
  readonly type: number;
  readonly packet: Uint8Array;
  /** Initial content: map → [key, value] pairs. */
  readonly content: Readonly<Record<string, readonly (readonly [Uint8Array, Uint8Array])[]>>;
}

export interface RandomProgram extends Input {
  readonly seed: number;
  readonly tree: Tree;
  /** Programs in the slots of `jumps`, from 0 on. */
  readonly tails: readonly Tree[];
}

const WORDS = { type: MAP_TYPE.ARRAY, key_size: 4, value_size: 16, max_entries: 8 } as const;
/** The maps of every random program: one value in whose bytes the program works, tables to look up in, programs, results. */
export const MAPS = {
  state: { ...WORDS, value_size: VALUE_BYTES, max_entries: 1 },
  table: { ...WORDS, type: MAP_TYPE.HASH },
  slots: WORDS,
  jumps: { ...WORDS, type: MAP_TYPE.PROG_ARRAY, value_size: 4, max_entries: 4 },
  out: { ...WORDS, value_size: 160, max_entries: 1 },
} as const;
export type MapName = keyof typeof MAPS;

const KINDS: readonly (readonly [Frame['kind'], number])[] = [
  ['xdp', PROG_TYPE.XDP],
  ['xdp', PROG_TYPE.XDP],
  ['tc', PROG_TYPE.SCHED_CLS],
  ['tc', PROG_TYPE.SCHED_ACT],
  ['socket', PROG_TYPE.SOCKET_FILTER],
];

function randomPacket(rng: Random): Uint8Array {
  const packet = rng.bytes(rng.pick([64, 78, 100, 128, 200, 300, 512, 1000, 1514]));
  const ethertype = rng.pick([0x0800, 0x86dd, 0x0806, 0x8100, 0x88b5]);
  packet.set([ethertype >> 8, ethertype & 0xff], 12);
  if (ethertype === 0x0800) packet[14] = 0x45;
  if (ethertype === 0x86dd) packet[14] = 0x60;
  return packet;
}

function index(at: number): Uint8Array {
  return new Uint8Array(new Uint32Array([at]).buffer);
}

/** The entry with what it calls: local functions, or else other programs. */
function makeTrees(rng: Random, kind: Frame['kind']): { readonly tree: Tree; readonly tails: readonly Tree[] } {
  const maker = new Maker(rng);
  const labels = (counts: readonly number[]) => Array.from({ length: rng.pick(counts) }, () => maker.label());
  const callees = labels([0, 0, 0, 1, 2]);
  const tails = callees.length === 0 && rng.chance(25);
  const entry = maker.entry(kind, { callees, tails }, rng.between(10, 34));
  const locals = callees.map((label, i) => {
    const reach: Reach = { callees: callees.slice(i + 1), tails: false };
    return maker.local(label, kind, reach);
  });
  const tree = [entry, ...locals];
  const others = tails ? rng.between(1, 3) : 0;
  const other = () => [new Maker(rng).entry(kind, { ...NOWHERE, tails: rng.chance(85) }, rng.between(2, 10))];
  return { tree, tails: Array.from({ length: others }, other) };
}

/** The program of a seed. */
export function randomProgram(seed: number): RandomProgram {
  const rng = new Random(seed);
  const [kind, type] = rng.pick(KINDS);
  const trees = makeTrees(rng, kind);
  const table = rng.shuffled([0, 1, 2, 3, 4, 5, 6, 7, 9, 12]).slice(0, rng.below(7));
  const content = {
    state: [[index(0), rng.bytes(VALUE_BYTES)] as const],
    table: table.map((key) => [index(key), rng.bytes(16)] as const),
    slots: [0, 1, 2, 3, 4, 5, 6, 7].map((key) => [index(key), rng.bytes(16)] as const),
  };
  return { seed, type, ...trees, packet: randomPacket(rng), content };
}
