/** The worker that runs cases on the engine, so that the screen never freezes: takes messages, answers with batches of events. */
import { EngineBackend } from '../backends/engine.ts';
import { InputError } from '../input-error.ts';
import type { RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { IdleMemory } from '../watch/idle-memory.ts';
import { type CaseRunner, LocalRunner } from './case-runner.ts';
import { type RunnerReply, type RunnerRequest, SHARED } from './protocol.ts';

/** Events of a long run are sent in batches of about this long. */
const BATCH_MS = 30;

declare const self: Worker;

let runner: CaseRunner | null = null;
let cases: readonly SettledCase[] = [];
const memory = new IdleMemory();
let shared: Int32Array = new Int32Array(SHARED.WORDS);

function send(reply: RunnerReply): void {
  postMessage(reply);
}

function stopped(): boolean {
  return Atomics.load(shared, SHARED.STOP) !== 0;
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
  const ids = new Set(Array.from(asked.places, (place) => cases[place]!.id));
  await to.run(ids, options, (event) => {
    if (event.type === 'start') return;
    if (event.type === 'outcome') Atomics.add(shared, SHARED.ENDED, 1);
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
    shared = asked.shared;
    runner = new LocalRunner(new EngineBackend(shared.subarray(SHARED.STOP, SHARED.STOP + 1)));
    return;
  }
  if (!runner) return;
  if (asked.type === 'cases') {
    cases = asked.cases;
    runner.setCases(cases);
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
  memory.busy();
  last = last.then(() => serve(event.data)).then(() => memory.rest());
};
