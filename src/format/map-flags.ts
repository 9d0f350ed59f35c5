/** Flags of maps by the names of include/uapi/linux/bpf.h. */
import { MAP_FLAG } from '../../engine/index.ts';

const NAMES = Object.entries(MAP_FLAG).map(([name, bit]) => [bit, `BPF_F_${name}`] as const);

/** Names of the bits that are set; unknown bits together as one hex number. */
export function mapFlagNames(flags: number): string[] {
  const names = NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const rest = NAMES.reduce((left, [bit]) => left & ~bit, flags) >>> 0;
  return rest === 0 ? names : [...names, `0x${rest.toString(16)}`];
}
