/** The format strings of bpf_trace_printk and friends: bpf_bprintf_prepare's rules (kernel/bpf/helpers.c) and bstr_printf's output (lib/vsprintf.c). */
import { ERRNO } from '../uapi/errno.ts';
import { ip4Text, ip6Text, numberText, pad, pointerText, type Spec } from './format-parts.ts';

/** MAX_BPRINTF_BIN_ARGS: room for the binary form of all arguments of one call. */
const BIN_ARGS = 512;
/** MAX_BPRINTF_VARARGS */
export const VARARGS_MAX = 12;

/** Arguments as pairs of u32, low half first. */
export type Args = Uint32Array;

/** How memory behind arguments is read: the bytes there, or null where the program has none. */
export interface ArgMemory {
  /** Up to `max` bytes from a u64 address, fewer where the memory ends. */
  read(lo: number, hi: number, max: number): Uint8Array | null;
}

const PERCENT = 0x25;
const NUL = 0;
const SPACE = 0x20;
const FLAGS = '0+- ';
const PLAIN_SPEC: Spec = { left: false, plus: false, space: false, zero: false, width: -1 };

/** One conversion: where it ends in the format, and how it is shown. */
interface Conversion {
  readonly end: number;
  readonly spec: Spec;
  readonly kind: 'number' | 'char' | 'string' | 'pointer' | 'symbol' | 'ip';
  /** The letter, with what follows it for pointers: `d`, `X`, `I4`, `i6`, `x`, `K`, … */
  readonly letter: string;
  /** Bytes of a number's argument: 4 or 8. */
  readonly bytes: number;
}

function isSpace(c: number): boolean {
  return c === SPACE || (c >= 9 && c <= 13) || c === 0xa0;
}

/** ispunct of lib/ctype.c, Latin-1 half included. */
function isPunct(c: number): boolean {
  if (c < 0x80)
    return (c > 0x20 && c < 0x30) || (c > 0x39 && c < 0x41) || (c > 0x5a && c < 0x61) || (c > 0x7a && c < 0x7f);
  return (c > 0xa0 && c < 0xc0) || c === 0xd7 || c === 0xf7;
}

function endsWord(c: number): boolean {
  return c === NUL || isSpace(c) || isPunct(c);
}

function letterAt(fmt: Uint8Array, at: number): string {
  const c = fmt[at] ?? NUL;
  return c === NUL || c >= 0x80 ? '' : String.fromCharCode(c);
}

/** Reads flags and width after a `%`; returns where the conversion letter is. */
function readSpec(fmt: Uint8Array, from: number): { at: number; spec: Spec } {
  let at = from;
  const flags = new Set<string>();
  for (let c = letterAt(fmt, at); c !== '' && FLAGS.includes(c); c = letterAt(fmt, ++at)) flags.add(c);
  let width = -1;
  if (letterAt(fmt, at) >= '1' && letterAt(fmt, at) <= '9') {
    width = 0;
    for (let c = letterAt(fmt, at); c >= '0' && c <= '9' && c !== ''; c = letterAt(fmt, ++at)) {
      width = Math.min(width * 10 + Number(c), 0x7fff);
    }
  }
  const spec = { left: flags.has('-'), plus: flags.has('+'), space: flags.has(' '), zero: flags.has('0'), width };
  return { at, spec };
}

/** The conversion behind the `%` at `percent`, null where bpf_bprintf_prepare says -EINVAL. */
function conversionAt(fmt: Uint8Array, percent: number): Conversion | null {
  const { at, spec } = readSpec(fmt, percent + 1);
  const letter = letterAt(fmt, at);
  if (letter === 'p') return pointerAt(fmt, at, spec);
  if (letter === 's') {
    return endsWord(fmt[at + 1] ?? NUL) ? { end: at + 1, spec, kind: 'string', letter, bytes: 0 } : null;
  }
  if (letter === 'c') return { end: at + 1, spec, kind: 'char', letter, bytes: 0 };
  let end = at;
  for (let longs = 0; longs < 2 && letterAt(fmt, end) === 'l'; longs++) end++;
  const type = letterAt(fmt, end);
  if (type === '' || !'iduxX'.includes(type)) return null;
  return { end: end + 1, spec, kind: 'number', letter: type, bytes: end === at ? 4 : 8 };
}

function pointerAt(fmt: Uint8Array, at: number, spec: Spec): Conversion | null {
  const next = letterAt(fmt, at + 1);
  if (endsWord(fmt[at + 1] ?? NUL)) return { end: at + 1, spec, kind: 'pointer', letter: 'p', bytes: 8 };
  if ((next === 'k' || next === 'u') && letterAt(fmt, at + 2) === 's') {
    return endsWord(fmt[at + 3] ?? NUL) ? { end: at + 3, spec, kind: 'string', letter: next, bytes: 0 } : null;
  }
  if (next === 'K' || next === 'x') return { end: at + 2, spec, kind: 'pointer', letter: next, bytes: 8 };
  if (next === 's' || next === 'S') return { end: at + 2, spec, kind: 'symbol', letter: next, bytes: 8 };
  if (next === 'B') return { end: at + 2, spec: PLAIN_SPEC, kind: 'symbol', letter: next, bytes: 0 };
  const version = letterAt(fmt, at + 2);
  if ((next !== 'I' && next !== 'i') || (version !== '4' && version !== '6')) return null;
  return { end: at + 3, spec: PLAIN_SPEC, kind: 'ip', letter: next + version, bytes: 0 };
}

/** A formatting under way: output bytes, the next argument, and the room its binary form has used. */
class Printer {
  readonly out: number[] = [];
  private readonly args: Args;
  private readonly memory: ArgMemory;
  private next = 0;
  private used = 0;

  constructor(args: Args, memory: ArgMemory) {
    this.args = args;
    this.memory = memory;
  }

  /** Whether all arguments are used. */
  get exhausted(): boolean {
    return this.next * 2 >= this.args.length;
  }

  /** Prints one argument; 0 or a negative errno. */
  print(conversion: Conversion): number {
    const lo = this.args[this.next * 2]!;
    const hi = this.args[this.next * 2 + 1]!;
    this.next++;
    const { spec, letter, bytes, kind } = conversion;
    if (bytes > 0) {
      this.used = Math.ceil(this.used / 4) * 4;
      if (BIN_ARGS - this.used < bytes) return -ERRNO.ENOSPC;
      this.used += bytes;
    }
    switch (kind) {
      case 'number':
        return this.text(numberText(lo, bytes === 8 ? hi : null, letter, spec));
      case 'pointer':
        return this.text(pointerText(lo, hi, letter, spec));
      case 'symbol':
        return this.symbol(lo, hi, conversion);
      case 'char':
        if (this.used === BIN_ARGS) return -ERRNO.ENOSPC;
        this.used++;
        return this.bytes([lo & 0xff], spec);
      case 'string':
        return this.string(lo, hi, conversion);
      case 'ip':
        return this.ip(lo, hi, letter);
    }
  }

  private text(text: string): number {
    for (let i = 0; i < text.length; i++) this.out.push(text.charCodeAt(i));
    return 0;
  }

  private bytes(bytes: readonly number[] | Uint8Array, spec: Spec): number {
    const blanks = Math.max(0, spec.width - bytes.length);
    if (!spec.left) for (let i = 0; i < blanks; i++) this.out.push(SPACE);
    this.out.push(...bytes);
    if (spec.left) for (let i = 0; i < blanks; i++) this.out.push(SPACE);
    return 0;
  }

  /** No symbols are known here, so an address shows as sprint_symbol shows what it does not find. */
  private symbol(lo: number, hi: number, { spec, bytes }: Conversion): number {
    const text = `0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`;
    if (bytes === 0) this.used += text.length + 1;
    return this.text(pad(text, spec));
  }

  private string(lo: number, hi: number, { spec, letter }: Conversion): number {
    const room = BIN_ARGS - this.used;
    if (room === 0) return -ERRNO.ENOSPC;
    // Memory of user space does not exist here.
    const found = letter === 'u' ? null : this.memory.read(lo, hi, room - 1);
    const end = found === null ? 0 : found.indexOf(NUL);
    const bytes = found === null ? new Uint8Array(0) : found.subarray(0, end < 0 ? found.length : end);
    this.used += bytes.length + 1;
    return this.bytes(bytes, spec);
  }

  private ip(lo: number, hi: number, letter: string): number {
    const size = letter.endsWith('4') ? 4 : 16;
    if (BIN_ARGS - this.used < size) return -ERRNO.ENOSPC;
    const found = this.memory.read(lo, hi, size);
    const address = found !== null && found.length === size ? found : new Uint8Array(size);
    const text = size === 4 ? ip4Text(address, letter === 'i4') : ip6Text(address, letter === 'i6');
    this.used += text.length + 1;
    return this.text(text);
  }
}

/**
 * Formats as the kernel does. `fmt` ends before its NUL. Returns the bytes, or -EINVAL for a format that is not allowed or
 * wants more arguments than there are, -ENOSPC for arguments that do not fit.
 */
export function formatText(fmt: Uint8Array, args: Args, memory: ArgMemory): number[] | number {
  const printer = new Printer(args, memory);
  for (let at = 0; at < fmt.length; ) {
    const c = fmt[at]!;
    if (c < 0x80 && !(c >= SPACE && c < 0x7f) && !isSpace(c)) return -ERRNO.EINVAL;
    if (c !== PERCENT) {
      printer.out.push(c);
      at++;
    } else if (fmt[at + 1] === PERCENT) {
      printer.out.push(PERCENT);
      at += 2;
    } else {
      const conversion = printer.exhausted ? null : conversionAt(fmt, at);
      if (conversion === null) return -ERRNO.EINVAL;
      const errno = printer.print(conversion);
      if (errno !== 0) return errno;
      at = conversion.end;
    }
  }
  return printer.out;
}
