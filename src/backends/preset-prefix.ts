/** IP prefixes as keys of longest-prefix tries (struct bpf_lpm_trie_key: prefix length, then the address). */
import { parseIpv4, parseIpv6 } from '../packet/addresses.ts';
import { ipv6Text } from '../packet/layers.ts';

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

/** `192.0.2.0/24`: a key of a trie over 4 or 16 bytes as text; null for other sizes and for lengths that there cannot be. */
export function prefixText(key: Uint8Array): string | null {
  if (key.length !== 8 && key.length !== 20) return null;
  const bits = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
  const address = key.subarray(4);
  if (bits > address.length * 8) return null;
  return `${address.length === 4 ? address.join('.') : ipv6Text(address)}/${bits}`;
}
