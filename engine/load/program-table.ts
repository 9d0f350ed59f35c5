/** All programs of a world: their ids, their places in the shared WebAssembly table, and stubs that translate them when they are first reached. */
import { invariant, type Refusal } from '../errors.ts';
import type { LoadedProgram } from './loaded-program.ts';

/** A tail call or callback reached a program that cannot run: thrown through the WebAssembly frames, caught by execute(). */
export class RefusedProgram extends Error {
  override readonly name = 'RefusedProgram';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Asked when a place of the table is entered that holds no translated program yet. */
type Translate = (tableIndex: number) => void;

export class ProgramTable {
  /** Index 0 stays empty: it means "no program" in prog arrays. */
  readonly wasm: WebAssembly.Table;
  /** By id; entry 0 stays empty. */
  private readonly places: Place[] = [{ table_index: 0, name: '', translate: () => undefined }];
  private readonly programs = new Map<number, LoadedProgram>();
  private readonly ids = new Map<number, number>();
  private next = 1;

  constructor() {
    this.wasm = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
  }

  /** Hands out an id and `slots` places of the table, where `translate` is to be asked when the first of them is entered. */
  reserve(name: string, slots: number, translate: Translate): { readonly id: number; readonly table_index: number } {
    const table_index = this.next;
    this.next += Math.max(slots, 1);
    if (this.next > this.wasm.length) this.wasm.grow(Math.max(this.next - this.wasm.length, this.wasm.length));
    const id = this.places.length;
    this.places.push({ table_index, name, translate });
    this.ids.set(table_index, id);
    return { id, table_index };
  }

  /** Remembers a program that was accepted. */
  add(program: LoadedProgram): void {
    this.programs.set(program.id, program);
  }

  byId(id: number): LoadedProgram | undefined {
    return this.programs.get(id);
  }

  /** Name of the program with an id, accepted or not. */
  nameOf(id: number): string | null {
    return id > 0 ? (this.places[id]?.name ?? null) : null;
  }

  /** Place of the program with an id, 0 if there is none (MapHost.programIndex). */
  indexOf(id: number): number {
    return this.places[id]?.table_index ?? 0;
  }

  /** Translates the program whose entry is at a place of the table. */
  translate(tableIndex: number): void {
    const id = this.ids.get(tableIndex);
    invariant(id !== undefined, `table place ${tableIndex} belongs to no program`);
    this.places[id]!.translate(tableIndex);
  }
}

interface Place {
  readonly table_index: number;
  readonly name: string;
  readonly translate: Translate;
}
