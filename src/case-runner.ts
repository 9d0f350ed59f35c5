/** Runs cases for whoever shows them: the interface that the same thread and a worker stand behind, and the one in this thread. */
import type { Refusal } from '../engine/index.ts';
import type { Backend } from './backends/backend.ts';
import { ObjectStore } from './object-store.ts';
import type { RunEvent } from './outcome.ts';
import { type RunOptions, runCases } from './runner.ts';
import type { SettledCase } from './test-case.ts';

/** What of a project concerns runs. */
export interface RunProject {
  /** File that CO-RE relocations are resolved against, null: the object's own types. */
  readonly btf: string | null;
  readonly lenient: boolean;
}

export interface OpenedPrograms {
  readonly programs: readonly string[];
  /** Why the object cannot be opened. */
  readonly refusal: Refusal | null;
}

export interface CaseRunner {
  /** Forgets all objects. Rejects with InputError when the file with types cannot be read. */
  setProject(project: RunProject): Promise<void>;
  /** Every case that run() may name. */
  setCases(cases: readonly SettledCase[]): void;
  /** Opens an object anew, with the bytes given or else its file's. */
  open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms>;
  /**
   * Runs cases by id in the order of setCases(), one run at a time; emits what runCases() emits. Stopping it ends the
   * case under way.
   */
  run(ids: ReadonlySet<string>, options: RunOptions, emit: (event: RunEvent) => void): Promise<void>;
  close(): Promise<void>;
}

export class LocalRunner implements CaseRunner {
  private readonly backend: Backend;
  private objects: ObjectStore;
  private lenient = false;
  private cases: readonly SettledCase[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
    this.objects = new ObjectStore(backend, null);
  }

  async setProject({ btf, lenient }: RunProject): Promise<void> {
    this.objects = new ObjectStore(this.backend, btf);
    this.lenient = lenient;
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    if (!bytes) this.objects.forget(path);
    const { spec, refusal } = await this.objects.open(path, bytes);
    return { programs: spec?.programs.map((program) => program.name) ?? [], refusal };
  }

  run(ids: ReadonlySet<string>, options: RunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const cases = this.cases.filter((one) => ids.has(one.id));
    const scope = { backend: this.backend, objects: this.objects, lenient: this.lenient };
    return runCases(cases, scope, options, emit);
  }

  async close(): Promise<void> {
    await this.backend.close();
  }
}
