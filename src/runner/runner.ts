/** Runs settled cases on a backend, one after the other, and tells what came of each as events. */
import type { MapDump, ObjectSpec, ProgRunResult, Refusal } from '../../engine/index.ts';
import type { Backend, RunReply, RunRequest, RunStep } from '../backends/backend.ts';
import { bloomValues } from '../backends/bloom-asks.ts';
import { lastLines } from '../backends/kernel/verifier-log.ts';
import { dumpsOf, labelOf, type World, type WorldObject, worldName } from '../backends/world-names.ts';
import { objectsOf, stepsOf } from '../cases/steps.ts';
import { caseProgType, compare } from '../expect/expect.ts';
import { mismatchDifferences } from '../expect/mismatch-differences.ts';
import { DISAGREED } from '../expect/mismatch-words.ts';
import { errnoText } from '../format/errnos.ts';
import { plain } from '../format/sanitize.ts';
import { retvalText } from '../format/verdicts.ts';
import { InputError } from '../input-error.ts';
import { mapChanges } from '../maps/changes.ts';
import type { Difference, RunEvent, StepOf, TestOutcome, Verdict } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { unexplained, whyOf } from '../why/rerun.ts';
import type { Why } from '../why/types.ts';
import { runLiveCase } from './live.ts';
import type { ObjectStore } from './object-store.ts';

export interface RunScope {
  readonly backend: Backend;
  readonly objects: ObjectStore;
  readonly lenient: boolean;
  /** What runs execute is counted. */
  readonly counted?: boolean;
}

export interface RunOptions {
  readonly run: number;
  readonly cause: string;
  /** Cases of the project that this run leaves out. */
  readonly kept: number;
  /** Aborting it stops the case under way; the cases after it keep what they had. */
  readonly signal?: AbortSignal;
  /** Asked between cases, where no signal can come from another thread. */
  readonly stopped?: () => boolean;
  /** Stop at the first case that does not pass. */
  readonly bail?: boolean;
  /** Count what is executed, and tell it before the end. */
  readonly coverage?: boolean;
  /** How often a case that does not pass is run again. */
  readonly retries?: number;
  /** Why a case ended as it did is found before its outcome is told, as part of it; else whoever wants to know asks with explained(). */
  readonly explain?: 'failures' | 'all';
}

function outcome(one: SettledCase, verdict: Verdict, reason: string, more: Partial<TestOutcome> = {}): TestOutcome {
  const nothing = { refusal: null, result: null, maps: [], maps_before: [], took_ms: 0 };
  return { id: one.id, verdict, differences: [], reason, ...nothing, ...more };
}

/** Of a verifier's log. */
const VERIFIER_LINES = 16;
/** Room for any context struct. */
const CTX_ROOM = 4096;

function runStep(one: SettledCase): RunStep {
  const wantsContext = one.expect.ctx_out !== undefined;
  const context = one.ctx_in ?? (wantsContext ? { json: {} } : null);
  const opts: RunRequest['opts'] = {
    ...(one.data_in ? { data_in: one.data_in } : {}),
    ...(context instanceof Uint8Array ? { ctx_in: context } : {}),
    ...(wantsContext ? { ctx_size_out: CTX_ROOM } : {}),
    ...(one.repeat > 0 ? { repeat: one.repeat } : {}),
    ...(one.flags > 0 ? { flags: one.flags } : {}),
    ...(one.cpu === undefined ? {} : { cpu: one.cpu }),
    ...(one.netns === undefined ? {} : { netns: one.netns }),
    ...(one.memory === undefined ? {} : { user_memory: one.memory }),
    ...(one.budget === null ? {} : { budget: one.budget }),
    env: settledEnv(one),
  };
  return {
    program: one.program,
    ...(one.type === null ? {} : { type: one.type }),
    presets: one.presets,
    ...(context && !(context instanceof Uint8Array) ? { ctx: context.json } : {}),
    opts,
    ...askedOf(one),
  };
}

/** What of the expectation may be about Bloom filters: lists, and `{has, lacks}`. */
function askedOf({ expect }: SettledCase): Pick<RunStep, 'asks'> {
  const asks = Object.entries(expect.maps ?? {}).filter(([, content]) => bloomValues(content) !== null);
  return asks.length === 0 ? {} : { asks: Object.fromEntries(asks) };
}

/** Of cases that are run again and again, which are plain data that nobody changes. */
const requests = { strict: new WeakMap<SettledCase, RunRequest>(), lenient: new WeakMap<SettledCase, RunRequest>() };

/** The request of a case, as the backend takes it: the same one each time. */
export function requestOf(one: SettledCase, lenient: boolean): RunRequest {
  const known = lenient ? requests.lenient : requests.strict;
  const request = known.get(one) ?? makeRequest(one, lenient);
  known.set(one, request);
  return request;
}

function makeRequest(one: SettledCase, lenient: boolean): RunRequest {
  const more = stepsOf(one).slice(1).map(runStep);
  return {
    object: one.object,
    ...(one.with ? { with: one.with } : {}),
    ...runStep(one),
    ...(lenient ? { lenient } : {}),
    ...(more.length > 0 ? { more } : {}),
  };
}

function settledEnv({ env }: SettledCase): NonNullable<RunRequest['opts']['env']> {
  const { time_ns, ...rest } = env;
  return { ...rest, ...(time_ns === undefined ? {} : { time_ns: BigInt(time_ns) }) };
}

/** What a refusal makes of a case: what the engine does not have is skipped, never passed; all else is an error. */
function refused(one: SettledCase, refusal: Refusal): TestOutcome {
  const verdict = refusal.stage === 'unsupported' ? 'skip' : 'error';
  return outcome(one, verdict, plain(refusal.message), { refusal });
}

function verifierSaid({ log }: RunReply): Pick<TestOutcome, 'verifier'> {
  return log === undefined ? {} : { verifier: lastLines(log, VERIFIER_LINES) };
}

/** What changed in every object's maps, those of further objects under their names in the world. */
function worldChanges(world: World, before: readonly MapDump[], after: readonly MapDump[]): string[] {
  return world.flatMap(({ label, spec }) =>
    mapChanges(spec, dumpsOf(label, before), dumpsOf(label, after)).map((line) => worldName(label, line)),
  );
}

/** What a run gave, in words. */
function returned(one: SettledCase, world: World, result: ProgRunResult): Pick<TestOutcome, 'returned'> {
  if (result.fault) return { returned: `fault: ${result.fault.kind}` };
  if (result.errno !== 0 || result.retval === null) return { returned: errnoText(result.errno) };
  return { returned: retvalText(caseProgType(one, world[0]?.spec ?? null), result.retval) };
}

/** Judges one run: pass, fail with the differences, error when the expectation does not fit the object. Passing drops the maps. */
function judgeStep(one: SettledCase, world: World, reply: RunReply): TestOutcome {
  const { result, refusal, maps, maps_before, unseen, blooms } = reply;
  if (refusal) return { ...refused(one, refusal), ...verifierSaid(reply) };
  if (!result) return outcome(one, 'error', 'engine bug: a run without a result');
  const seen = { result, maps, maps_before, map_changes: worldChanges(world, maps_before, maps) };
  let differences: Difference[];
  try {
    differences = compare(one, { result, world, maps, ...(unseen ? { unseen } : {}), ...(blooms ? { blooms } : {}) });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return outcome(one, 'error', thrown.message, seen);
  }
  const told = { ...seen, ...returned(one, world, result) };
  if (differences.length === 0) return outcome(one, 'pass', '', { ...told, maps: [], maps_before: [] });
  return outcome(one, 'fail', '', { ...told, differences });
}

/** A case on which the judge answered otherwise fails by that, too. */
function disagreed(one: SettledCase, world: World, came: TestOutcome, reply: RunReply): TestOutcome {
  const { mismatches = [] } = reply;
  const kernelOnly = mismatches.some(({ field, kernel }) => field === 'refusal' && kernel === null);
  if (came.verdict === 'skip' && kernelOnly) return { ...came, reason: `${came.reason}; the kernel runs it` };
  if ((came.verdict !== 'pass' && came.verdict !== 'fail') || mismatches.length === 0) return came;
  const type = caseProgType(one, world[0]?.spec ?? null);
  const maps = [reply, ...(reply.more ?? [])].flatMap((step) => step.maps);
  const differences = [...came.differences, ...mismatchDifferences(mismatches, { world, type, maps })];
  return { ...came, verdict: 'fail', reason: came.verdict === 'pass' ? DISAGREED : came.reason, differences };
}

/** Judges a reply, step by step: the first step that does not pass is what came of the case; what differs in those after it goes along. */
export function judge(one: SettledCase, spec: ObjectSpec | null, reply: RunReply, further: World = []): TestOutcome {
  const world = [...(spec ? [{ label: '', spec }] : []), ...further];
  if (one.steps === undefined) return judgeStep(one, world, reply);
  const replies = [reply, ...(reply.more ?? [])];
  const steps = stepsOf(one);
  const judged = (i: number): TestOutcome & { readonly step: StepOf } => {
    const said = replies[i];
    const came = said
      ? judgeStep(steps[i]!, world, said)
      : outcome(one, 'error', 'the run was stopped before this step');
    return { ...came, step: { number: i + 1, of: steps.length, name: steps[i]!.step_name ?? '' } };
  };
  let i = 0;
  let came = judged(i);
  while (came.verdict === 'pass' && i + 1 < steps.length) came = judged(++i);
  if (came.verdict !== 'fail') return came;
  const later = steps.slice(i + 1).map((_, n) => judged(i + 1 + n));
  const also = later.flatMap(({ step, differences }) => (differences.length > 0 ? [{ step, differences }] : []));
  return also.length === 0 ? came : { ...came, also };
}

/** Runs one case with fresh maps. What the backend throws is a bug of ours and said so; the cases after it still run. */
export async function runCase(one: SettledCase, scope: RunScope): Promise<TestOutcome> {
  if (one.mode === 'skip') return outcome(one, 'skip', one.skip_reason);
  if (one.mode === 'todo') return outcome(one, 'todo', '');
  const object = await scope.objects.open(one.object);
  if (object.refusal) return refused(one, object.refusal);
  const further: WorldObject[] = [];
  for (const path of [...(one.with ?? []), ...(one.live?.peers ?? [])]) {
    const { spec, refusal } = await scope.objects.open(path);
    if (refusal) return refused(one, refusal);
    if (spec) further.push({ label: labelOf(path), spec });
  }
  const begin = performance.now();
  const world = [...(object.spec ? [{ label: '', spec: object.spec }] : []), ...further];
  try {
    if (one.live) {
      const came = await runLiveCase(one, one.live, world, scope.backend);
      return { ...came, took_ms: performance.now() - begin };
    }
    const request = requestOf(one, scope.lenient);
    const reply = await scope.backend.run(scope.counted ? { ...request, counted: true } : request);
    const came = judge(one, object.spec, reply, further);
    return { ...disagreed(one, world, came, reply), took_ms: performance.now() - begin };
  } catch (thrown) {
    const what = thrown instanceof Error ? thrown.message : String(thrown);
    return outcome(one, 'error', `engine bug: ${plain(what)}`, { took_ms: performance.now() - begin });
  }
}

function isBad({ verdict }: TestOutcome): boolean {
  return verdict === 'fail' || verdict === 'error';
}

/** Runs a case again while it does not pass; the last run is what came of it. */
async function runPatiently(
  one: SettledCase,
  scope: RunScope,
  retries: number,
  stopped: () => boolean,
): Promise<TestOutcome> {
  let came = await runCase(one, scope);
  for (let attempts = 2; attempts <= retries + 1 && isBad(came) && !stopped(); attempts++) {
    came = { ...(await runCase(one, scope)), attempts };
  }
  return came;
}

/** Failures of one run that are explained: each is run once more for it. */
const WHYS_MAX = 50;

/** What a traced run of a failed case says. What goes wrong with that is said there, and no matter of the case. */
export async function explained(one: SettledCase, came: TestOutcome, scope: RunScope): Promise<Why | undefined> {
  // A live case says by itself why frames were lost.
  if (one.live) return undefined;
  const opened = await Promise.all(objectsOf(one).map((path) => scope.objects.open(path)));
  const [spec, ...further] = opened.flatMap((object) => object.spec ?? []);
  try {
    const request = requestOf(one, scope.lenient);
    return spec === undefined ? undefined : await whyOf(came, request, { spec, further }, scope.backend);
  } catch (thrown) {
    return unexplained(`engine bug while it was traced: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** Runs cases in order. Emits start, an outcome a case, and end; a stopped run ends with `cancelled`. */
export async function runCases(
  cases: readonly SettledCase[],
  given: RunScope,
  options: RunOptions,
  emit: (event: RunEvent) => void,
): Promise<void> {
  const { run, cause, kept, signal } = options;
  const scope = { ...given, counted: options.coverage === true };
  const begin = performance.now();
  const stopped = () => signal?.aborted === true || options.stopped?.() === true;
  const stop = () => scope.backend.cancel();
  signal?.addEventListener('abort', stop, { once: true });
  emit({ type: 'start', run, cause, cases, kept });
  let whys = 0;
  for (const one of cases) {
    if (stopped()) break;
    const result = await runPatiently(one, scope, options.retries ?? 0, stopped);
    if (stopped()) break;
    const asked = options.explain === 'all' || (options.explain === 'failures' && result.verdict === 'fail');
    const wanted = asked && ++whys <= WHYS_MAX;
    const why = wanted ? await explained(one, result, scope) : undefined;
    emit({ type: 'outcome', run, outcome: why === undefined ? result : { ...result, why } });
    if (options.bail && isBad(result)) break;
  }
  if (options.coverage === true) {
    emit({ type: 'coverage', run, programs: (await scope.backend.coverage?.()) ?? [] });
  }
  emit({ type: 'end', run, took_ms: performance.now() - begin, cancelled: stopped() });
  signal?.removeEventListener('abort', stop);
}
