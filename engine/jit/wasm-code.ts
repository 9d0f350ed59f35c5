/** A growing buffer of WebAssembly instructions, with one method for each way an instruction is encoded. */
import { FILL, W } from './wasm-ops.ts';

export class WasmCode {
  private buffer = new Uint8Array(1024);
  length = 0;

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private room(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  byte(value: number): this {
    if (this.length === this.buffer.length) this.room(1);
    this.buffer[this.length++] = value;
    return this;
  }

  append(bytes: Uint8Array): this {
    this.room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** Unsigned LEB128 of a u32. */
  u32(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of an i32; the same bytes mean the sign-extended value where an i64 is read. */
  s32(value: number): this {
    let rest = value | 0;
    while (rest < -0x40 || rest > 0x3f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    return this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of the 64 bits `hi:lo`. */
  s64(lo: number, hi: number): this {
    let low = lo | 0;
    let high = hi | 0;
    while (!(high === low >> 31 && low >= -0x40 && low <= 0x3f)) {
      this.byte((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    return this.byte(low & 0x7f);
  }

  name(text: string): this {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
    return this;
  }

  /** Instructions without operands, in order. */
  op(...ops: number[]): this {
    for (const op of ops) this.byte(op);
    return this;
  }

  get(local: number): this {
    return this.byte(W.local_get).u32(local);
  }

  set(local: number): this {
    return this.byte(W.local_set).u32(local);
  }

  tee(local: number): this {
    return this.byte(W.local_tee).u32(local);
  }

  i32(value: number): this {
    return this.byte(W.i32_const).s32(value);
  }

  /** i64.const of a sign-extended i32. */
  i64(value: number): this {
    return this.byte(W.i64_const).s32(value);
  }

  i64Pair(lo: number, hi: number): this {
    return this.byte(W.i64_const).s64(lo, hi);
  }

  /** i64.const of a number from 0 to 2^53. */
  i64Number(value: number): this {
    return this.i64Pair((value % 2 ** 32) | 0, Math.floor(value / 2 ** 32));
  }

  /** A load or store: the alignment hint is that of a byte, which is always allowed. */
  mem(op: number, offset: number): this {
    return this.byte(op).byte(0).u32(offset);
  }

  call(func: number): this {
    return this.byte(W.call).u32(func);
  }

  /** call_indirect or return_call_indirect through table 0. */
  indirect(op: number, type: number): this {
    return this.byte(op).u32(type).byte(0);
  }

  /** block, loop or if with a result type (T.VOID for none). */
  open(op: number, type: number): this {
    return this.byte(op).byte(type);
  }

  /** br or br_if. */
  branch(op: number, depth: number): this {
    return this.byte(op).u32(depth);
  }

  /** memory.fill */
  fill(): this {
    return this.byte(0xfc).u32(FILL).byte(0);
  }
}
