/** The worker that runs cases on the engine, so that the screen never freezes: takes messages, answers with batches of events. */
import { EngineBackend } from './backends/engine.ts';
import { type CaseRunner, type CaseRunOptions, LocalRunner, type RunProject } from './case-runner.ts';
import { InputError } from './input-error.ts';
import type { RunEvent, TestOutcome } from './outcome.ts';
import type { SettledCase } from './test-case.ts';

export type RunnerRequest =
  /** `stop`: a word in shared memory; nonzero ends the run under way. */
  | { readonly type: 'start'; readonly stop: Int32Array }
  | { readonly type: 'project'; readonly id: number; readonly project: RunProject }
  | { readonly type: 'cases'; readonly cases: readonly SettledCase[] }
  | { readonly type: 'open'; readonly id: number; readonly path: string; readonly bytes?: Uint8Array }
  | {
      readonly type: 'run';
      readonly id: number;
      readonly ids: ReadonlySet<string>;
      readonly options: Omit<CaseRunOptions, 'stopped' | 'signal'>;
    }
  | { readonly type: 'outcome'; readonly id: number; readonly one: string }
  | { readonly type: 'details'; readonly id: number; readonly one: string };

export type RunnerReply =
  | { readonly type: 'events'; readonly id: number; readonly events: readonly RunEvent[] }
  /** The answer to a request: its value, or what went wrong (`input`: the user's mistake, not ours). */
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string; readonly input: boolean };

/** Events of a long run are sent in batches of about this long. */
const BATCH_MS = 30;

declare const self: Worker;

let runner: CaseRunner | null = null;
let stopWord: Int32Array = new Int32Array(1);

function send(reply: RunnerReply): void {
  postMessage(reply);
}

function stopped(): boolean {
  return Atomics.load(stopWord, 0) !== 0;
}

async function run(to: CaseRunner, asked: Extract<RunnerRequest, { type: 'run' }>): Promise<null> {
  let batch: RunEvent[] = [];
  let since = performance.now();
  const flush = () => {
    if (batch.length > 0) send({ type: 'events', id: asked.id, events: batch });
    batch = [];
    since = performance.now();
  };
  const options = { ...asked.options, stopped };
  await to.run(asked.ids, options, (event) => {
    if (event.type === 'start') return;
    batch.push(event);
    if (event.type === 'end' || performance.now() - since > BATCH_MS) flush();
  });
  flush();
  return null;
}

/** What a stopped run would say is not why. */
async function details(to: CaseRunner, id: string): Promise<TestOutcome | null> {
  const outcome = await to.details(id);
  return stopped() ? null : outcome;
}

function answer(to: CaseRunner, asked: Exclude<RunnerRequest, { type: 'start' | 'cases' }>): Promise<unknown> {
  if (asked.type === 'project') return to.setProject(asked.project);
  if (asked.type === 'details') return details(to, asked.one);
  if (asked.type === 'outcome') return to.outcome(asked.one);
  return asked.type === 'open' ? to.open(asked.path, asked.bytes) : run(to, asked);
}

async function serve(asked: RunnerRequest): Promise<void> {
  if (asked.type === 'start') {
    stopWord = asked.stop;
    runner = new LocalRunner(new EngineBackend(asked.stop));
    return;
  }
  if (!runner) return;
  if (asked.type === 'cases') {
    runner.setCases(asked.cases);
    return;
  }
  try {
    send({ type: 'done', id: asked.id, value: await answer(runner, asked) });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    send({ type: 'failed', id: asked.id, message, input: thrown instanceof InputError });
  }
}

/** One after the other: an object is opened before the run that was asked for after it. */
let last: Promise<void> = Promise.resolve();

self.onmessage = (event: MessageEvent<RunnerRequest>) => {
  last = last.then(() => serve(event.data));
};
