/** IP prefixes as keys of longest-prefix tries (struct bpf_lpm_trie_key: prefix length, then the address). */
import { parseIpv4, parseIpv6 } from '../packet/addresses.ts';

/**
 * The key behind an address with or without `/length` (without: all bits), for tries over 4 or 16 bytes;
 * null when the text is none.
 */
export function parsePrefix(given: unknown, keySize: number): Uint8Array | null {
  if (typeof given !== 'string') return null;
  const [address = '', length, rest] = given.split('/');
  const bytes = keySize === 8 ? parseIpv4(address) : keySize === 20 ? parseIpv6(address) : null;
  if (bytes === null || rest !== undefined) return null;
  const bits = length === undefined ? bytes.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (bits < 0 || bits > bytes.length * 8) return null;
  const key = new Uint8Array(keySize);
  new DataView(key.buffer).setUint32(0, bits, true);
  key.set(bytes, 4);
  return key;
}
