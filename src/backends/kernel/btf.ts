/** An object's BTF made fit for BPF_BTF_LOAD, as bpf_object__sanitize_btf does in libbpf, with strings and functions added. */
import type { ObjectSpec } from '../../../engine/index.ts';

type ObjectBtf = NonNullable<ObjectSpec['btf']>;

const HEADER = 24;
const MAGIC = 0xeb9f;
const KIND = { INT: 1, STRUCT: 4, TYPEDEF: 8, FUNC: 12, FUNC_PROTO: 13, VAR: 14, DATASEC: 15 } as const;
const LINKAGE = { GLOBAL: 1, EXTERN: 2 } as const;

/** The object's BTF as the kernel will get it; strings may still be added. */
export class KernelBtf {
  private readonly source: ObjectBtf;
  private readonly view: DataView;
  private readonly added: Uint8Array[] = [];
  private length: number;
  /** Words of types added behind the object's own, and ids of added functions by name. */
  private readonly types: number[] = [];
  private readonly functions = new Map<string, number>();
  private readonly offsets = new Map<string, number>();

  constructor(source: ObjectBtf) {
    this.source = source;
    this.view = new DataView(new Uint8Array(source.raw).buffer);
    this.length = source.strings_end - source.strings;
    this.sanitize();
  }

  private u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  private put(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  private kind(id: number): number {
    return id === 0 ? 0 : (this.u32(this.source.types[id]! + 4) >>> 24) & 31;
  }

  private vlen(id: number): number {
    return this.u32(this.source.types[id]! + 4) & 0xffff;
  }

  private name(id: number): string {
    const start = this.source.strings + this.u32(this.source.types[id]!);
    const bytes = new Uint8Array(this.view.buffer, start);
    return new TextDecoder('latin1').decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  private sanitize(): void {
    const { types } = this.source;
    const int = types.findIndex((at, id) => this.kind(id) === KIND.INT && this.u32(at + 8) === 4);
    for (let id = 1; id < types.length; id++) {
      const at = types[id]!;
      const kind = this.kind(id);
      if (kind === KIND.VAR && this.u32(at + 12) === LINKAGE.EXTERN) this.put(at + 12, LINKAGE.GLOBAL);
      // An extern FUNC becomes a typedef of its prototype: the kernel knows no such linkage.
      if (kind === KIND.FUNC && this.vlen(id) === LINKAGE.EXTERN) this.put(at + 4, KIND.TYPEDEF << 24);
      if (kind !== KIND.DATASEC) continue;
      if (this.name(id) === '.ksyms' || this.u32(at + 8) === 0) this.disguise(id, int);
      else this.sort(id);
    }
  }

  /** The kernel wants the variables of a section by ascending offset. */
  private sort(section: number): void {
    const base = this.source.types[section]! + 12;
    const count = this.vlen(section);
    const rows = Array.from({ length: count }, (_, i) => [0, 4, 8].map((word) => this.u32(base + 12 * i + word)));
    const sorted = rows.toSorted((a, b) => a[1]! - b[1]!);
    sorted.flat().forEach((value, word) => {
      this.put(base + 4 * word, value);
    });
  }

  /** A section nobody has a map for becomes a nameless struct of ints: same size, and the kernel does not mind. */
  private disguise(section: number, int: number): void {
    const at = this.source.types[section]!;
    const count = this.vlen(section);
    for (let i = 0; i < count; i++) {
      const member = at + 12 + 12 * i;
      // A variable of a kernel symbol may be `void`, which has no size.
      const variable = this.u32(member);
      if (this.kind(variable) === KIND.VAR) this.put(this.source.types[variable]! + 8, int);
      this.put(member, 0);
      this.put(member + 4, int);
      this.put(member + 8, 32 * i);
    }
    this.put(at, 0);
    this.put(at + 4, ((KIND.STRUCT << 24) | count) >>> 0);
    this.put(at + 8, 4 * count);
  }

  /** Offset of a string in the string section, added if need be. */
  addString(text: string): number {
    if (text === '') return 0;
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${text.replaceAll('\0', ' ')}\0`);
    const offset = this.length;
    this.added.push(bytes);
    this.length += bytes.length;
    this.offsets.set(text, offset);
    return offset;
  }

  /** Id of a static function without parameters, added if need be. */
  addFunction(name: string): number {
    const known = this.functions.get(name);
    if (known !== undefined) return known;
    const proto = this.source.types.length + 2 * this.functions.size;
    this.types.push(0, (KIND.FUNC_PROTO << 24) >>> 0, 0, this.addString(name), (KIND.FUNC << 24) >>> 0, proto);
    this.functions.set(name, proto + 1);
    return proto + 1;
  }

  /** Types, then strings, behind one header. */
  bytes(): Uint8Array {
    const own = this.u32(12);
    const types = own + 4 * this.types.length;
    const { strings, strings_end } = this.source;
    const out = new Uint8Array(HEADER + types + this.length);
    const view = new DataView(out.buffer);
    view.setUint16(0, MAGIC, true);
    view.setUint8(2, 1);
    [HEADER, 0, types, types, this.length].forEach((value, i) => {
      view.setUint32(4 + 4 * i, value, true);
    });
    out.set(new Uint8Array(this.view.buffer, this.u32(4) + this.u32(8), own), HEADER);
    out.set(new Uint8Array(Uint32Array.from(this.types).buffer), HEADER + own);
    out.set(new Uint8Array(this.view.buffer, strings, strings_end - strings), HEADER + types);
    let at = HEADER + types + strings_end - strings;
    for (const bytes of this.added) {
      out.set(bytes, at);
      at += bytes.length;
    }
    return out;
  }
}
