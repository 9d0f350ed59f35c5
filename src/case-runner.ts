/** Runs cases for whoever shows them: the interface that the same thread and a worker stand behind, and the one in this thread. */
import type { Refusal } from '../engine/index.ts';
import type { Backend } from './backends/backend.ts';
import { ObjectStore, type OpenedObject } from './object-store.ts';
import type { RunEvent, TestOutcome } from './outcome.ts';
import { explained, type RunOptions, type RunScope, runCases } from './runner.ts';
import type { SettledCase } from './test-case.ts';
import type { Why } from './why-types.ts';

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
  /**
   * Why a case failed, by a traced run of it; null: it did not fail when it ran last, its object is another one since, or nobody can
   * say. A run that is asked for meanwhile stops it.
   */
  explain(id: string): Promise<Why | null>;
  close(): Promise<void>;
}

interface Failed {
  readonly one: SettledCase;
  readonly outcome: TestOutcome;
  /** As it was then. */
  readonly object: Promise<OpenedObject>;
}

export class LocalRunner implements CaseRunner {
  private readonly backend: Backend;
  private objects: ObjectStore;
  private lenient = false;
  private cases: readonly SettledCase[] = [];
  private byId = new Map<string, SettledCase>();
  /** What may be asked about. */
  private readonly failed = new Map<string, Failed>();

  constructor(backend: Backend) {
    this.backend = backend;
    this.objects = new ObjectStore(backend, null);
  }

  async setProject({ btf, lenient }: RunProject): Promise<void> {
    this.objects = new ObjectStore(this.backend, btf);
    this.lenient = lenient;
    this.failed.clear();
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
    this.byId = new Map(cases.map((one) => [one.id, one]));
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    if (!bytes) this.objects.forget(path);
    const { spec, refusal } = await this.objects.open(path, bytes);
    return { programs: spec?.programs.map((program) => program.name) ?? [], refusal };
  }

  run(ids: ReadonlySet<string>, options: RunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const cases = this.cases.filter((one) => ids.has(one.id));
    return runCases(cases, this.scope, options, (event) => {
      if (event.type === 'outcome') this.remember(event.outcome);
      emit(event);
    });
  }

  async explain(id: string): Promise<Why | null> {
    const known = this.failed.get(id);
    if (known === undefined) return null;
    const { one, outcome, object } = known;
    const [then, now] = await Promise.all([object, this.objects.open(one.object)]);
    return then.spec === now.spec ? ((await explained(one, outcome, this.scope)) ?? null) : null;
  }

  private get scope(): RunScope {
    return { backend: this.backend, objects: this.objects, lenient: this.lenient };
  }

  private remember(outcome: TestOutcome): void {
    this.failed.delete(outcome.id);
    const one = outcome.verdict === 'fail' ? this.byId.get(outcome.id) : undefined;
    if (one) this.failed.set(outcome.id, { one, outcome, object: this.objects.open(one.object) });
  }

  async close(): Promise<void> {
    await this.backend.close();
  }
}
