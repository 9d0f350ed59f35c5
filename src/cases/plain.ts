/** Finds what in a case is no plain data: cases cross to a worker, and a function or symbol in one is a mistake anyway. */

/** Parts already seen to be plain; cases of a suite share large ones. */
const plain = new WeakSet<object>();

/** Where `value` holds something that is not data: `maps.ring[3]: a function`; null when all is. */
export function notPlain(value: unknown, path = ''): string | null {
  if (typeof value === 'function' || typeof value === 'symbol') return `${path}: a ${typeof value}`;
  if (typeof value !== 'object' || value === null || isLeaf(value) || plain.has(value)) return null;
  plain.add(value);
  for (const [name, inner] of entriesOf(value)) {
    const found = notPlain(inner, Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`);
    if (found !== null) {
      plain.delete(value);
      return found;
    }
  }
  return null;
}

function isLeaf(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof RegExp || value instanceof Date;
}

function entriesOf(value: object): [string, unknown][] {
  if (value instanceof Map) return [...value].flatMap(([key, inner]): [string, unknown][] => [[String(key), inner]]);
  return Object.entries(value);
}
