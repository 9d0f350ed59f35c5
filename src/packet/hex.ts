/** Bytes to hexadecimal digits and back, the way users paste them. */
import { InputError } from '../input-error.ts';

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function isSeparator(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 58 || code === 44 || code === 45 || code === 95;
}

/**
 * Reads hex digits; white space, `:`, `,`, `-` and `_` between bytes and a `0x` before each byte are ignored.
 * Throws InputError naming the first wrong character, or an odd number of digits.
 */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length >> 1);
  let used = 0;
  let high = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isSeparator(code)) {
      if (high >= 0) throw new InputError(`hex: half a byte before position ${i + 1}`);
      continue;
    }
    if (high < 0 && code === 48 && (text.charCodeAt(i + 1) | 32) === 120) {
      i++;
      continue;
    }
    const value = digit(code);
    if (value < 0) throw new InputError(`hex: ${JSON.stringify(text[i])} at position ${i + 1} is not a hex digit`);
    if (high < 0) high = value;
    else {
      out[used++] = (high << 4) | value;
      high = -1;
    }
  }
  if (high >= 0) throw new InputError(`hex: an odd number of digits`);
  return out.slice(0, used);
}
