/** Puts types, imports, functions and exports together into the bytes of a WebAssembly module. */
import { WasmCode } from './wasm-code.ts';
import { T, W } from './wasm-ops.ts';

export interface FuncType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

const SECTION = { TYPE: 1, IMPORT: 2, FUNCTION: 3, EXPORT: 7, CODE: 10 } as const;
const KIND = { FUNC: 0, TABLE: 1, MEMORY: 2 } as const;

export class WasmModule {
  private readonly types: string[] = [];
  private readonly typeBytes = new WasmCode();
  private readonly imports = new WasmCode();
  private importCount = 0;
  private readonly funcTypes: number[] = [];
  private readonly bodies: (WasmCode | null)[] = [];
  private readonly exports: [string, number][] = [];
  private importedFuncs = 0;

  /** Index of a function type, added if it is new. */
  type(type: FuncType): number {
    const key = `${type.params}:${type.results}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.typeBytes
      .byte(0x60)
      .u32(type.params.length)
      .op(...type.params);
    this.typeBytes.u32(type.results.length).op(...type.results);
    return this.types.push(key) - 1;
  }

  /** The world's memory, whatever its size. */
  importMemory(minPages: number): void {
    this.imports.name('m').name('memory').byte(KIND.MEMORY).byte(0).u32(minPages);
    this.importCount++;
  }

  /** The world's table of functions. */
  importTable(): void {
    this.imports.name('m').name('table').byte(KIND.TABLE).byte(T.FUNCREF).byte(0).u32(0);
    this.importCount++;
  }

  /** Returns the function's index. All imports come before the first `declare`. */
  importFunc(module: string, name: string, type: FuncType): number {
    this.imports.name(module).name(name).byte(KIND.FUNC).u32(this.type(type));
    this.importCount++;
    return this.importedFuncs++;
  }

  /** Reserves the next function index; `define` gives it a body. */
  declare(type: FuncType): number {
    this.funcTypes.push(this.type(type));
    return this.importedFuncs + this.bodies.push(null) - 1;
  }

  /** `locals`: types of the locals after the parameters. `parts` one after the other are the instructions, without the closing end. */
  define(func: number, locals: readonly number[], ...parts: readonly WasmCode[]): void {
    const groups: [number, number][] = [];
    for (const type of locals) {
      const last = groups.at(-1);
      if (last?.[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    const body = new WasmCode().u32(groups.length);
    for (const [count, type] of groups) body.u32(count).byte(type);
    for (const part of parts) body.append(part.bytes());
    body.byte(W.end);
    this.bodies[func - this.importedFuncs] = body;
  }

  export(name: string, func: number): void {
    this.exports.push([name, func]);
  }

  bytes(): Uint8Array {
    const out = new WasmCode().op(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
    section(out, SECTION.TYPE, this.types.length, this.typeBytes);
    section(out, SECTION.IMPORT, this.importCount, this.imports);
    const funcs = new WasmCode();
    for (const type of this.funcTypes) funcs.u32(type);
    section(out, SECTION.FUNCTION, this.funcTypes.length, funcs);
    const exported = new WasmCode();
    for (const [name, func] of this.exports) exported.name(name).byte(KIND.FUNC).u32(func);
    section(out, SECTION.EXPORT, this.exports.length, exported);
    const code = new WasmCode();
    for (const body of this.bodies) code.u32(body!.length).append(body!.bytes());
    section(out, SECTION.CODE, this.bodies.length, code);
    return out.bytes().slice();
  }
}

function section(out: WasmCode, id: number, count: number, content: WasmCode): void {
  const size = new WasmCode().u32(count);
  out
    .byte(id)
    .u32(size.length + content.length)
    .append(size.bytes())
    .append(content.bytes());
}
