/** Checks a case as users write it and settles it: paths resolved, bytes read, names and defaults filled in. */
import { basename, relative, resolve } from 'node:path';
import type { MapPreset } from '../backends/backend.ts';
import type { Project } from '../config.ts';
import { progTypeName, progTypeNumber } from '../format/prog-types.ts';
import { InputError } from '../input-error.ts';
import type { CaseStep, SettledCase, SettledStep, TestCase } from '../test-case.ts';
import type { SettledLive } from '../test-case-live.ts';
import { bytesOf, type PathScope } from './bytes.ts';
import { checkFields, count, record, text, U32_MAX } from './fields.ts';
import { settleMemory, settleNetns } from './machine.ts';
import { settleExpectation } from './settle-expect.ts';
import { settleLive } from './settle-live.ts';

const RUN_FIELDS = [
  'program',
  'type',
  'data_in',
  'ctx_in',
  'maps',
  'env',
  'netns',
  'memory',
  'repeat',
  'flags',
  'cpu',
].concat('expect');
export const STEP_FIELDS = ['name', ...RUN_FIELDS];
export const CASE_FIELDS = ['name', 'object', ...RUN_FIELDS, 'with', 'budget', 'live', 'steps', 'skip', 'todo', 'only'];
export const ENV_FIELDS = ['time_ns', 'seed', 'cpus', 'cpu'];

interface Scope extends PathScope {
  readonly project: Project;
}

function settleContext(given: unknown, scope: PathScope): SettledCase['ctx_in'] {
  if (given === undefined || given === null) return null;
  const bytes = bytesOf(given, 'ctx_in', scope);
  return bytes ?? { json: record(given, 'ctx_in') };
}

function presetsOf(maps: { readonly [map: string]: unknown }): MapPreset[] {
  return Object.entries(maps).map(([map, content]) => ({ map, content }));
}

/** The case's maps over the project's; a map named in both is the case's alone. */
function settlePresets({ project }: Scope, given: unknown): MapPreset[] {
  const own = given === undefined ? {} : record(given, 'maps');
  return presetsOf({ ...project.defaults.maps, ...own });
}

/** Files of data write what their numbers cannot hold as text. */
function timeOf(time_ns: unknown): { time_ns?: bigint } {
  return typeof time_ns === 'string' && /^\d+$/.test(time_ns) ? { time_ns: BigInt(time_ns) } : {};
}

function settleEnv({ project }: Scope, given: unknown, over: unknown): SettledCase['env'] {
  const own = given === undefined ? {} : record(given, 'env');
  const step = over === undefined ? {} : record(over, 'env');
  const merged = { ...project.defaults.env, ...own, ...step } as SettledCase['env'] & { time_ns?: unknown };
  const env = { ...merged, ...timeOf(merged.time_ns) } as SettledCase['env'];
  checkFields(env, ENV_FIELDS, '`env`');
  if (env.time_ns !== undefined && typeof env.time_ns !== 'bigint' && !Number.isSafeInteger(env.time_ns)) {
    throw new InputError(`\`env.time_ns\` is ${String(env.time_ns)}: an integer, as 5n (in data: '5') beyond 2^53`);
  }
  if (env.seed !== undefined) count(env.seed, 'env.seed', 0, U32_MAX);
  const cpus = env.cpus === undefined ? 1 : count(env.cpus, 'env.cpus', 1, 1024);
  if (env.cpu !== undefined) count(env.cpu, 'env.cpu', 0, cpus - 1);
  return env;
}

/** `run` unless the case is skipped (with its reason) or still to be done. */
function settleMode(one: TestCase): Pick<SettledCase, 'mode' | 'skip_reason'> {
  if (one.todo) return { mode: 'todo', skip_reason: '' };
  if (!one.skip) return { mode: 'run', skip_reason: '' };
  return { mode: 'skip', skip_reason: typeof one.skip === 'string' ? one.skip : 'skip: true' };
}

function settleData(given: unknown, scope: PathScope): Uint8Array | null {
  if (given === undefined) return null;
  const data = bytesOf(given, 'data_in', scope);
  if (data) return data;
  if (typeof given === 'number') throw new InputError('`data_in` is a number: put hex digits in quotes');
  throw new InputError('`data_in` is no bytes: hex, a list, a packet, {pcap} or {file}');
}

/** One run of a case: what the step says over what the case says. */
function settleRun(
  one: TestCase,
  step: CaseStep,
  presets: readonly MapPreset[],
  scope: Scope,
  live: SettledLive | null = null,
): SettledStep {
  const { defaults } = scope.project;
  const program = text(step.program ?? one.program, 'program');
  const typeName = step.type ?? (program === one.program ? one.type : undefined);
  const type = typeName === undefined ? null : progTypeNumber(text(typeName, 'type'));
  const cpu = step.cpu ?? one.cpu;
  const expect = { ...record(one.expect ?? {}, 'expect'), ...record(step.expect ?? {}, 'expect') };
  return {
    program,
    type: type === null ? null : progTypeName(type),
    data_in: settleData(step.data_in ?? one.data_in, scope),
    ctx_in: settleContext(step.ctx_in ?? one.ctx_in, scope),
    presets,
    env: settleEnv(scope, one.env, step.env),
    repeat: count(step.repeat ?? one.repeat ?? defaults.repeat ?? 0, 'repeat', 0, U32_MAX),
    flags: count(step.flags ?? one.flags ?? defaults.flags ?? 0, 'flags', 0, U32_MAX),
    ...(live === null ? settleNetns(step.netns ?? one.netns ?? defaults.netns) : { netns: live.network.netns }),
    ...settleMemory(step.memory ?? one.memory, scope),
    ...(cpu === undefined ? {} : { cpu: count(cpu, 'cpu', 0, U32_MAX) }),
    expect: settleExpectation(expect, type, scope, live?.network ?? null),
  };
}

/** A step's own mistakes name the step. */
function settleStep(one: TestCase, given: unknown, i: number, scope: Scope): SettledStep {
  try {
    const step = record(given, 'steps') as CaseStep;
    checkFields(step, STEP_FIELDS, 'a step');
    if (step.env?.cpus !== undefined)
      throw new InputError('`env.cpus` belongs to the case: its steps share one machine');
    const own = step.maps === undefined ? [] : presetsOf(record(step.maps, 'maps'));
    const presets = i === 0 ? [...settlePresets(scope, one.maps), ...own] : own;
    return {
      ...settleRun(one, step, presets, scope),
      step_name: step.name === undefined ? '' : text(step.name, 'name'),
    };
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    throw new InputError(`step ${i + 1}: ${thrown.message}`);
  }
}

function settleSteps(one: TestCase, scope: Scope): SettledStep[] | null {
  if (one.steps === undefined) return null;
  if (!Array.isArray(one.steps) || one.steps.length === 0) throw new InputError('`steps` must be a list of runs');
  return one.steps.map((step, i) => settleStep(one, step, i, scope));
}

/** Null for a case that is not live. */
function settleLiveOf(one: TestCase, scope: Scope): SettledLive | null {
  if (one.live === undefined) return null;
  const odd = (['steps', 'flags', 'with', 'cpu', 'memory', 'budget'] as const).find((name) => one[name] !== undefined);
  if (odd !== undefined) throw new InputError(`\`${odd}\` does not go with \`live\``);
  return settleLive(one.live, one.netns ?? scope.project.defaults.netns, scope);
}

/** Further objects; their names in the world are their files' names, which must differ. */
function settleWith(given: unknown, { project }: Scope, object: string): readonly string[] {
  if (given === undefined) return [];
  const list = Array.isArray(given) ? given : [given];
  const paths = list.map((path) => resolve(project.root, text(path, 'with')));
  const names = [object, ...paths].map((path) => basename(path));
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin === undefined) return paths;
  throw new InputError(`\`with\`: two objects of one world are named ${twin}`);
}

/** Settles one case of a file. Throws InputError: one sentence that names the field. */
export function settleCase(one: TestCase, project: Project, file: string, line: number): SettledCase {
  const scope: Scope = { root: project.root, file, project };
  checkFields(one, CASE_FIELDS, 'the case');
  const name = text(one.name, 'name');
  const object = resolve(project.root, text(one.object, 'object'));
  const program = text(one.program, 'program');
  const live = settleLiveOf(one, scope);
  const steps = settleSteps(one, scope);
  const further = settleWith(one.with, scope, object);
  const budget = one.budget ?? project.defaults.budget;
  return {
    id: [relative(project.root, file), relative(project.root, object), program, name].join(' › '),
    ...{ name, file, line, object },
    ...(further.length > 0 ? { with: further } : {}),
    ...(steps?.[0] ?? settleRun(one, {}, settlePresets(scope, one.maps), scope, live)),
    budget: budget === undefined ? null : count(budget, 'budget', 1, Number.MAX_SAFE_INTEGER),
    ...settleMode(one),
    ...(one.only ? { only: true } : {}),
    ...(live === null ? {} : { live }),
    ...(steps === null ? {} : { steps }),
  };
}
