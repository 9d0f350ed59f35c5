/** What the frames of a live run are made of: one packet, a list of them, and fields that vary from frame to frame, laid out as a list. */
import { InputError } from '../input-error.ts';
import { parseHex } from '../packet/hex.ts';
import { isCapture, readCapture } from '../packet/pcap.ts';
import { type Variation, VariedPacket } from '../packet/vary.ts';
import { whole } from './format.ts';

/** Packets laid out at most; then they begin again. */
const PACKETS_MAX = 65_536;
const BYTES_MAX = 64 << 20;
/** Packets laid out at least where fields vary by chance. */
const CHANCES = 4096;
/** Packets whose checksums are looked at once more. */
const CHECKED = 16;

export interface Traffic {
  /** At least one. */
  readonly packets: readonly Uint8Array[];
  /** What to know about them, '' for nothing. */
  readonly note: string;
}

/** The frames of a capture, or a line of hex digits each; `#` begins a comment. Throws InputError. */
export function readFrames(bytes: Uint8Array, what: string): Uint8Array[] {
  const frames = isCapture(bytes) ? readCapture(bytes).map((frame) => frame.bytes.slice()) : hexLines(bytes, what);
  if (frames.length === 0) throw new InputError(`${what} has no frames`);
  return frames;
}

function hexLines(bytes: Uint8Array, what: string): Uint8Array[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.flatMap((line, i) => {
    const text = line.replace(/#.*/, '').trim();
    try {
      return text === '' ? [] : [parseHex(text.replace(/^hex:/, ''))];
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      throw new InputError(
        `${what}, line ${i + 1}: ${thrown.message}: a pcap, a pcapng, or a line of hex digits a frame`,
      );
    }
  });
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** Numbers below a bound, the same ones for the same seed (xorshift, 32 bits at a time). */
export function chanceFrom(seed: number): (below: bigint) => bigint {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  const next = (): bigint => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return BigInt(state >>> 0);
  };
  return (below) => {
    let value = next();
    for (let bound = 1n << 32n; bound < below << 32n; bound <<= 32n) value = (value << 32n) | next();
    return value % below;
  };
}

/** After how many packets all fields are where they began. */
function period(list: readonly VariedPacket[], variations: readonly Variation[]): bigint {
  const turns = list.flatMap(({ counts }) => counts.filter((_, i) => variations[i]!.order === 'seq'));
  return [BigInt(list.length), ...turns].reduce((all, one) => (all / gcd(all, one)) * one, 1n);
}

function named<T>(i: number, of: number, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof InputError) || of === 1) throw thrown;
    throw new InputError(`${thrown.message} (frame ${i + 1})`);
  }
}

/**
 * Packet n is that of the list, with value n of every field that varies in turn: all step together, each from its first value on when it
 * is through. Throws InputError.
 */
export function layOut(list: readonly Uint8Array[], variations: readonly Variation[], seed: number): Traffic {
  if (variations.length === 0) return { packets: list, note: '' };
  const varied = list.map((bytes, i) => named(i, list.length, () => new VariedPacket(bytes, variations)));
  const all = period(varied, variations);
  const longest = list.reduce((most, { length }) => Math.max(most, length), 1);
  const most = BigInt(Math.min(PACKETS_MAX, Math.floor(BYTES_MAX / longest)));
  const byChance = variations.some(({ order }) => order === 'random');
  const wanted = byChance ? all * ((BigInt(CHANCES) + all - 1n) / all) : all;
  const count = Number(wanted < most ? wanted : most);
  const chance = chanceFrom(seed);
  const packets = Array.from({ length: count }, (_, n) => varied[n % list.length]!.at(BigInt(n), chance));
  const step = Math.max(1, Math.floor(count / CHECKED));
  for (let n = 0; n < count; n += step) varied[n % list.length]!.check(packets[n]!);
  const cut = wanted > most ? `the first ${whole(count)} of ${wanted} packets take turns` : '';
  return { packets, note: byChance ? `${whole(count)} packets by chance take turns` : cut };
}
