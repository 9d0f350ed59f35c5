/** Runs cases for whoever shows them: the interface that the same thread and a worker stand behind, and the one in this thread. */
import type { Refusal } from '../../engine/index.ts';
import type { Backend } from '../backends/backend.ts';
import type { RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { ObjectStore, type OpenedObject } from './object-store.ts';
import { explained, type RunOptions, type RunScope, runCases } from './runner.ts';

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

export interface CaseRunOptions extends RunOptions {
  /** Cases whose outcomes are told in full, as the first failure is, all others in brief; absent: all are told in full. */
  readonly in_full?: ReadonlySet<string>;
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
  run(ids: ReadonlySet<string>, options: CaseRunOptions, emit: (event: RunEvent) => void): Promise<void>;
  /** The last outcome of a case in full; null: it did not run. */
  outcome(id: string): Promise<TestOutcome | null>;
  /**
   * The same, and why it failed, by a traced run of it, where that can be said. A run that is asked for meanwhile stops it, and null
   * comes.
   */
  details(id: string): Promise<TestOutcome | null>;
  close(): Promise<void>;
}

interface Ran {
  readonly one: SettledCase;
  readonly outcome: TestOutcome;
  /** As it was then. */
  readonly object: Promise<OpenedObject>;
}

const NOTHING: readonly never[] = [];

/** An outcome without what only an open case shows: ten thousand of them cross to another thread soon. A fault is always told. */
function inBrief(outcome: TestOutcome): TestOutcome {
  const { id, verdict, differences, reason, refusal, result, took_ms, step, attempts, returned } = outcome;
  const told: { -readonly [field in keyof TestOutcome]: TestOutcome[field] } = {
    ...{ id, verdict, reason, refusal, took_ms, brief: true, maps: NOTHING, maps_before: NOTHING },
    differences: differences.length === 0 ? NOTHING : differences,
    result: result?.fault ? result : null,
  };
  if (step) told.step = step;
  if (attempts !== undefined) told.attempts = attempts;
  if (returned !== undefined) told.returned = returned;
  return told;
}

export class LocalRunner implements CaseRunner {
  private readonly backend: Backend;
  private objects: ObjectStore;
  private lenient = false;
  private cases: readonly SettledCase[] = [];
  private byId = new Map<string, SettledCase>();
  /** What may be asked about. */
  private readonly ran = new Map<string, Ran>();

  constructor(backend: Backend) {
    this.backend = backend;
    this.objects = new ObjectStore(backend, null);
  }

  async setProject({ btf, lenient }: RunProject): Promise<void> {
    this.objects = new ObjectStore(this.backend, btf);
    this.lenient = lenient;
    this.ran.clear();
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
    this.byId = new Map(cases.map((one) => [one.id, one]));
    for (const id of this.ran.keys()) if (!this.byId.has(id)) this.ran.delete(id);
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    if (!bytes) this.objects.forget(path);
    const { spec, refusal } = await this.objects.open(path, bytes);
    return { programs: spec?.programs.map((program) => program.name) ?? [], refusal };
  }

  run(ids: ReadonlySet<string>, options: CaseRunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const { in_full, ...rest } = options;
    const cases = this.cases.filter((one) => ids.has(one.id));
    let failed = false;
    return runCases(cases, this.scope, rest, (event) => {
      if (event.type !== 'outcome') {
        emit(event);
        return;
      }
      const { outcome } = event;
      this.remember(outcome);
      const full = in_full === undefined || in_full.has(outcome.id) || (outcome.verdict === 'fail' && !failed);
      failed ||= outcome.verdict === 'fail';
      emit(full ? event : { ...event, outcome: inBrief(outcome) });
    });
  }

  async outcome(id: string): Promise<TestOutcome | null> {
    return this.ran.get(id)?.outcome ?? null;
  }

  async details(id: string): Promise<TestOutcome | null> {
    const known = this.ran.get(id);
    if (known === undefined) return null;
    const { one, outcome, object } = known;
    const [then, now] = await Promise.all([object, this.objects.open(one.object)]);
    if (outcome.verdict !== 'fail' || outcome.why !== undefined || then.spec !== now.spec) return outcome;
    const why = await explained(one, outcome, this.scope);
    return why === undefined ? outcome : { ...outcome, why };
  }

  private get scope(): RunScope {
    return { backend: this.backend, objects: this.objects, lenient: this.lenient };
  }

  private remember(outcome: TestOutcome): void {
    const one = this.byId.get(outcome.id);
    if (one) this.ran.set(outcome.id, { one, outcome, object: this.objects.open(one.object) });
  }

  async close(): Promise<void> {
    await this.backend.close();
  }
}
