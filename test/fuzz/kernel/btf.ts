/** The least BTF with which the verifier takes callbacks: one type of function for all. */
import type { ObjectSpec } from '../../../engine/index.ts';
import { parseBtf } from '../../../engine/object/btf.ts';

const STRINGS = '\0int\0function\0';
/** Id of the FUNC. */
export const FUNCTION_TYPE = 3;

let made: ObjectSpec['btf'] = null;

/** int; int (void); a static function of that type. */
export function functionBtf(): NonNullable<ObjectSpec['btf']> {
  if (made !== null) return made;
  const int = [1, 1 << 24, 4, (1 << 24) | 32];
  const proto = [0, 13 << 24, 1];
  const func = [STRINGS.indexOf('function'), 12 << 24, 2];
  const types = [...int, ...proto, ...func];
  const strings = new TextEncoder().encode(STRINGS);
  const header = [0x0001_eb9f, 24, 0, types.length * 4, types.length * 4, strings.length];
  const words = new Uint8Array(new Uint32Array([...header, ...types]).buffer);
  made = parseBtf(Uint8Array.from([...words, ...strings]));
  return made;
}
