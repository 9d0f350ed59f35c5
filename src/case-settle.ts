/** Checks a case as users write it and settles it: paths resolved, bytes read, names and defaults filled in. */
import { relative, resolve } from 'node:path';
import type { MapPreset } from './backends/backend.ts';
import { bytesOf, type PathScope } from './case-bytes.ts';
import type { Project } from './config.ts';
import { errnoNumber } from './format/errnos.ts';
import { progTypeName, progTypeNumber } from './format/prog-types.ts';
import { allVerdictNames, isVerdictName, verdictNames, verdictNumber } from './format/verdicts.ts';
import { InputError } from './input-error.ts';
import type { Expectation, SettledCase, TestCase } from './test-case.ts';

const CASE_FIELDS = [
  'name',
  'object',
  'program',
  'type',
  'data_in',
  'ctx_in',
  'maps',
  'env',
  'repeat',
  'flags',
  'budget',
  'skip',
  'todo',
  'only',
  'expect',
];
const EXPECT_FIELDS = ['retval', 'errno', 'data_out', 'data_size_out', 'maps', 'printk', 'fault'];
const ENV_FIELDS = ['time_ns', 'seed', 'cpus', 'cpu'];
const U32_MAX = 0xffffffff;

function checkFields(value: object, known: readonly string[], what: string): void {
  const wrong = Object.keys(value).find((name) => !known.includes(name));
  if (wrong !== undefined) throw new InputError(`${what} has no field \`${wrong}\`: one of ${known.join(', ')}`);
}

function record(value: unknown, field: string): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown };
  throw new InputError(`\`${field}\` must be an object`);
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InputError(value === undefined ? `\`${field}\` is missing` : `\`${field}\` must be text`);
}

function count(value: unknown, field: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`\`${field}\` is ${String(value)}: an integer from ${least} to ${most}`);
}

function settleRetval(value: number | string, type: number | null): number | string {
  if (typeof value === 'number') return count(value, 'expect.retval', -0x80000000, U32_MAX) >>> 0;
  if (type !== null) {
    const number = verdictNumber(type, value);
    if (number !== null) return number;
    throw new InputError(
      `expect.retval: ${progTypeName(type)} has no verdict ${value}: one of ${verdictNames(type).join(', ')}`,
    );
  }
  if (isVerdictName(value)) return value;
  throw new InputError(`expect.retval: there is no verdict ${value}: one of ${allVerdictNames().join(', ')}`);
}

function settleErrno(value: number | string): number {
  if (typeof value === 'number') return Math.abs(count(value, 'expect.errno', -4095, 4095));
  const number = errnoNumber(value);
  if (number === null) throw new InputError(`expect.errno: there is no errno ${value}`);
  return number;
}

function settlePrintk(value: unknown): readonly (string | RegExp)[] {
  const lines = Array.isArray(value) ? value : [value];
  if (lines.every((l) => typeof l === 'string' || l instanceof RegExp)) return lines;
  throw new InputError('`expect.printk` must be a list of strings and regular expressions');
}

function settleExpectation(given: unknown, type: number | null, scope: PathScope): Expectation {
  const e = record(given, 'expect') as Expectation;
  checkFields(e, EXPECT_FIELDS, '`expect`');
  const dataOut = e.data_out === undefined ? null : bytesOf(e.data_out, 'expect.data_out', scope);
  if (e.data_out !== undefined && !dataOut) throw new InputError('`expect.data_out` is no bytes');
  const fault = e.fault;
  if (fault !== undefined && fault !== false && typeof fault !== 'string' && !(fault instanceof RegExp)) {
    throw new InputError('`expect.fault` must be a word of the fault, a regular expression, or false');
  }
  return {
    ...(e.retval === undefined ? {} : { retval: settleRetval(e.retval, type) }),
    ...(e.errno === undefined ? {} : { errno: settleErrno(e.errno) }),
    ...(dataOut ? { data_out: dataOut } : {}),
    ...(e.data_size_out === undefined
      ? {}
      : { data_size_out: count(e.data_size_out, 'expect.data_size_out', 0, U32_MAX) }),
    ...(e.maps === undefined ? {} : { maps: record(e.maps, 'expect.maps') }),
    ...(e.printk === undefined ? {} : { printk: settlePrintk(e.printk) }),
    ...(fault === undefined ? {} : { fault }),
  };
}

function settleContext(given: unknown, scope: PathScope): SettledCase['ctx_in'] {
  if (given === undefined || given === null) return null;
  const bytes = bytesOf(given, 'ctx_in', scope);
  return bytes ?? { json: record(given, 'ctx_in') };
}

/** The case's maps over the project's; a map named in both is the case's alone. */
function settlePresets(project: Project, given: unknown): MapPreset[] {
  const own = given === undefined ? {} : record(given, 'maps');
  return Object.entries({ ...project.defaults.maps, ...own }).map(([map, content]) => ({ map, content }));
}

function settleEnv(project: Project, given: unknown): SettledCase['env'] {
  const own = given === undefined ? {} : record(given, 'env');
  const env = { ...project.defaults.env, ...own } as SettledCase['env'];
  checkFields(env, ENV_FIELDS, '`env`');
  if (env.time_ns !== undefined && typeof env.time_ns !== 'bigint' && !Number.isSafeInteger(env.time_ns)) {
    throw new InputError(`\`env.time_ns\` is ${String(env.time_ns)}: an integer, as 5n beyond 2^53`);
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

/** Settles one case of a file. Throws InputError: one sentence that names the field. */
export function settleCase(one: TestCase, project: Project, file: string, line: number): SettledCase {
  const scope: PathScope = { root: project.root, file };
  checkFields(one, CASE_FIELDS, 'the case');
  const name = text(one.name, 'name');
  const object = resolve(project.root, text(one.object, 'object'));
  const program = text(one.program, 'program');
  const type = one.type === undefined ? null : progTypeNumber(text(one.type, 'type'));
  const data = one.data_in === undefined ? null : bytesOf(one.data_in, 'data_in', scope);
  if (one.data_in !== undefined && !data) throw new InputError('`data_in` is no bytes: hex, a list, {pcap} or {file}');
  const budget = one.budget ?? project.defaults.budget;
  return {
    id: [relative(project.root, file), relative(project.root, object), program, name].join(' › '),
    name,
    file,
    line,
    object,
    program,
    type: type === null ? null : progTypeName(type),
    data_in: data,
    ctx_in: settleContext(one.ctx_in, scope),
    presets: settlePresets(project, one.maps),
    env: settleEnv(project, one.env),
    repeat: count(one.repeat ?? project.defaults.repeat ?? 0, 'repeat', 0, U32_MAX),
    flags: count(one.flags ?? project.defaults.flags ?? 0, 'flags', 0, U32_MAX),
    budget: budget === undefined ? null : count(budget, 'budget', 1, Number.MAX_SAFE_INTEGER),
    ...settleMode(one),
    ...(one.only ? { only: true } : {}),
    expect: settleExpectation(one.expect ?? {}, type, scope),
  };
}
