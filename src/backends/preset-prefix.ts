/** IP prefixes as keys of longest-prefix tries (struct bpf_lpm_trie_key: prefix length, then the address). */

/** `10.1.0.0/16` → 10, 1, 0, 0; null when it is no IPv4 address. */
function ipv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255)) return null;
  return parts.map(Number);
}

function groups(text: string): number[] | null {
  if (text === '') return [];
  const out: number[] = [];
  for (const part of text.split(':')) {
    const tail = part.includes('.') ? ipv4(part) : null;
    if (tail) out.push(...tail);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255);
    else return null;
  }
  return out;
}

function ipv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0]!);
  const tail = groups(halves[1] ?? '');
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/**
 * The key behind an address with or without `/length` (without: all bits), for tries over 4 or 16 bytes;
 * null when the text is none.
 */
export function parsePrefix(given: unknown, keySize: number): Uint8Array | null {
  if (typeof given !== 'string') return null;
  const [address = '', length, rest] = given.split('/');
  const bytes = keySize === 8 ? ipv4(address) : keySize === 20 ? ipv6(address) : null;
  if (bytes === null || rest !== undefined) return null;
  const bits = length === undefined ? bytes.length * 8 : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (bits < 0 || bits > bytes.length * 8) return null;
  const key = new Uint8Array(keySize);
  new DataView(key.buffer).setUint32(0, bits, true);
  key.set(bytes, 4);
  return key;
}
