/** Raw BTF written by hand, for types that no compiler makes. */

export interface RawType {
  readonly name?: string;
  readonly kind: number;
  /** Size or type id. */
  readonly third: number;
  /** Words after the 12 bytes of the type; for members [name, type id, offset]. */
  readonly words?: readonly number[];
  /** Members, when they are not one for every three words. */
  readonly vlen?: number;
  readonly members?: readonly { readonly name: string; readonly type: number; readonly offset: number }[];
}

/** Types get ids from 1 in the order given. */
export function buildBtf(types: readonly RawType[]): Uint8Array {
  const strings = ['\0'];
  let length = 1;
  const offsets = new Map<string, number>([['', 0]]);
  const nameAt = (name: string): number => {
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const at = length;
    strings.push(`${name}\0`);
    length += name.length + 1;
    offsets.set(name, at);
    return at;
  };
  const words: number[] = [];
  for (const t of types) {
    const members = t.members ?? [];
    const vlen = t.vlen ?? members.length;
    words.push(nameAt(t.name ?? ''), ((t.kind << 24) | vlen) >>> 0, t.third, ...(t.words ?? []));
    for (const m of members) words.push(nameAt(m.name), m.type, m.offset);
  }
  const text = new TextEncoder().encode(strings.join(''));
  const raw = new Uint8Array(24 + words.length * 4 + text.length);
  const dv = new DataView(raw.buffer);
  dv.setUint16(0, 0xeb9f, true);
  raw[2] = 1;
  for (const [i, word] of [24, 0, words.length * 4, words.length * 4, text.length].entries())
    dv.setUint32(4 + i * 4, word, true);
  for (const [i, word] of words.entries()) dv.setUint32(24 + i * 4, word, true);
  raw.set(text, 24 + words.length * 4);
  return raw;
}
