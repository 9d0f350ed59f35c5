/** All programs of a world: their ids, their places in the shared WebAssembly table, and stubs that translate them when they are first reached. */
import { invariant, type Refusal } from '../errors.ts';
import { translateStub } from '../jit/stubs.ts';
import type { Form, LoadedProgram } from './loaded-program.ts';

/** A tail call or callback reached a program that cannot run: thrown through the WebAssembly frames, caught by execute(). */
export class RefusedProgram extends Error {
  override readonly name = 'RefusedProgram';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Has a program put its functions into the table, or throws RefusedProgram: its place was entered. */
type Reached = () => void;

/** Sees an instruction about to be executed in a traced form: program, slot, address above its frame; registers are in PRIV.TRACE_REGS. */
export type Step = (program: number, insn: number, frame: number) => void;

/** Stubs by place; each is a module of its own. */
const stubs = new Map<number, WebAssembly.Module>();

function stubModule(index: number): WebAssembly.Module {
  const known = stubs.get(index) ?? new WebAssembly.Module(translateStub(index) as Uint8Array<ArrayBuffer>);
  stubs.set(index, known);
  return known;
}

export class ProgramTable {
  /** Index 0 stays empty: it means "no program" in prog arrays. */
  readonly wasm: WebAssembly.Table;
  /** By id; entry 0 stays empty. */
  private readonly places: Place[] = [{ table_index: 0, name: '', object: '', reached: () => undefined }];
  private readonly programs = new Map<number, LoadedProgram>();
  private readonly ids = new Map<number, number>();
  private next = 1;
  private watcher: Step | null = null;
  private current: Form = 'fast';
  private readonly memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.wasm = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
  }

  /**
   * Hands out an id and `slots` places of the table, where `reached` is called when the first of them is entered. `object`: path of
   * the object it stands in, '' when it is in none.
   */
  reserve(
    name: string,
    slots: number,
    reached: Reached,
    object = '',
  ): { readonly id: number; readonly table_index: number } {
    const table_index = this.next;
    this.next += Math.max(slots, 1);
    if (this.next > this.wasm.length) this.wasm.grow(Math.max(this.next - this.wasm.length, this.wasm.length));
    const id = this.places.length;
    this.places.push({ table_index, name, object, reached });
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

  /** The program with an id, loaded now if it was not before; throws RefusedProgram when it does not load, undefined when there is none. */
  reach(id: number): LoadedProgram | undefined {
    if (!this.programs.has(id)) this.places[id]?.reached();
    return this.programs.get(id);
  }

  /** Name of the program with an id, accepted or not. */
  nameOf(id: number): string | null {
    return id > 0 ? (this.places[id]?.name ?? null) : null;
  }

  /** Path of the object of the program with an id, '' if it has none. */
  objectOf(id: number): string {
    return this.places[id]?.object ?? '';
  }

  /**
   * Place of the program with an id, 0 if there is none (MapHost.programIndex). Whoever asks puts it into a map, so from now on
   * a stub stands there, which asks for the program when it is entered.
   */
  indexOf(id: number): number {
    const index = this.places[id]?.table_index ?? 0;
    if (index !== 0 && this.wasm.get(index) === null) this.wasm.set(index, this.stub(index));
    return index;
  }

  /** The form that programs run in at present. */
  get form(): Form {
    return this.current;
  }

  /** Imported by traced forms. */
  readonly step: Step = (program, insn, frame) => this.watcher?.(program, insn, frame);

  /** Imported by counted forms. */
  readonly arrive = (program: number, insn: number): void => this.watcher?.(program, insn, 0);

  /** Does something with every program in its traced form, those that tail calls reach among them. */
  traced<T>(watcher: Step, body: () => T): T {
    return this.inForm('traced', watcher, body);
  }

  /** The same in the counted form: the watcher gets 0 for the frame, and finds no registers. */
  counted<T>(watcher: Step, body: () => T): T {
    return this.inForm('counted', watcher, body);
  }

  private inForm<T>(form: Form, watcher: Step, body: () => T): T {
    const forms = Array.from({ length: this.next }, (_, index) => this.wasm.get(index));
    for (const { table_index } of this.places) {
      if (forms[table_index]) this.wasm.set(table_index, this.stub(table_index));
    }
    this.watcher = watcher;
    this.current = form;
    try {
      return body();
    } finally {
      this.watcher = null;
      this.current = 'fast';
      forms.forEach((form, index) => {
        this.wasm.set(index, form);
      });
    }
  }

  private stub(index: number): unknown {
    const imports = { m: { memory: this.memory, table: this.wasm }, rt: { translate: this.translate } };
    return new WebAssembly.Instance(stubModule(index), imports).exports.f;
  }

  /** Imported by stubs: has the program put at its place. 0, or it throws what stands in the way. */
  private readonly translate = (tableIndex: number): number => {
    const id = this.ids.get(tableIndex);
    invariant(id !== undefined, `table place ${tableIndex} belongs to no program`);
    this.places[id]!.reached();
    return 0;
  };
}

interface Place {
  readonly table_index: number;
  readonly name: string;
  readonly object: string;
  readonly reached: Reached;
}
