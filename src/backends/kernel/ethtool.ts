/** What ethtool(8) asks of a device: GRO on or off, and the counters that a driver names by itself. */
import type { KernelNetns } from './netns.ts';

const ETHTOOL = { SGRO: 0x2c, GSSET_INFO: 0x37, GSTRINGS: 0x1b, GSTATS: 0x1d } as const;
const ETH_SS_STATS = 1;
const NAME_BYTES = 32;

function command(size: number, ...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(new Uint8Array(new Uint32Array(words).buffer));
  return bytes;
}

/** `ethtool -K DEV gro on|off`; 0 or a positive errno. */
export function setGro(netns: KernelNetns, name: string, on: boolean): number {
  return netns.ethtool(name, command(8, ETHTOOL.SGRO, on ? 1 : 0));
}

/** Names of a device's own counters, in the order in which statsOf gives them; none where it has none. */
export function statNames(netns: KernelNetns, name: string): string[] {
  const info = command(24, ETHTOOL.GSSET_INFO, 0, 1 << ETH_SS_STATS, 0);
  if (netns.ethtool(name, info) !== 0) return [];
  const count = new DataView(info.buffer).getUint32(16, true);
  const strings = command(12 + count * NAME_BYTES, ETHTOOL.GSTRINGS, ETH_SS_STATS, count);
  if (netns.ethtool(name, strings) !== 0) return [];
  const text = new TextDecoder('latin1');
  return Array.from({ length: count }, (_, i) => {
    const bytes = strings.subarray(12 + i * NAME_BYTES, 12 + (i + 1) * NAME_BYTES);
    return text.decode(bytes.subarray(0, bytes.indexOf(0)));
  });
}

/** The counters' values. */
export function statsOf(netns: KernelNetns, name: string, count: number): number[] {
  const stats = command(8 + count * 8, ETHTOOL.GSTATS, count);
  if (netns.ethtool(name, stats) !== 0) return new Array<number>(count).fill(0);
  const view = new DataView(stats.buffer);
  return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(8 + i * 8, true)));
}
