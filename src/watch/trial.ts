/** Runs what the form of the run screen says, and makes a case of a run. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { errnoName } from '../../engine/index.ts';
import { parseJsonObject } from '../args-json.ts';
import { settleCase } from '../cases/settle.ts';
import type { Project } from '../config.ts';
import { isVerdictName } from '../format/verdicts.ts';
import { literal } from '../init/literal.ts';
import { InputError } from '../input-error.ts';
import type { TestOutcome } from '../outcome.ts';
import { toHex } from '../packet/hex.ts';
import type { CaseRunner } from '../runner/case-runner.ts';
import type { RunForm, Trial } from '../session/form.ts';
import { chosenObject, chosenProgram } from '../session/run.ts';
import type { State } from '../session/state.ts';
import type { BytesSource, SettledCase, TestCase } from '../test-case.ts';

const FRAME = /^(.+)#(\d+)$/;
const HEX_ONLY = /^(hex:)?[0-9a-fA-F\s:_,-]*$/;

/** What was typed as a packet: hex digits, a frame of a capture, or a file. */
function packetSource(text: string): BytesSource {
  if (HEX_ONLY.test(text)) return text.startsWith('hex:') ? text : `hex:${text}`;
  const [, pcap, frame] = FRAME.exec(text) ?? [];
  if (pcap !== undefined) return { pcap, frame: Number(frame) };
  return /\.pcap(ng)?$/.test(text) ? { pcap: text, frame: 1 } : { file: text };
}

function repeatOf({ repeat }: RunForm): number {
  const times = Number(repeat);
  if (/^\d+$/.test(repeat) && times <= 0xffff_ffff) return times;
  throw new InputError(`repeat: ${repeat} is no number of runs`);
}

/** The form as a case without expectations. Throws InputError for what is wrong in it. */
export function trialCase(state: State, project: Project): SettledCase {
  const { form } = state;
  const [object, program] = [chosenObject(state), chosenProgram(state)];
  if (object === null || program === null) throw new InputError('there is no program to run: build an object first');
  const ctx = form.ctx.trim();
  const packet = form.packet.trim();
  const written: TestCase = {
    name: 'a run by hand',
    object: relative(project.root, object),
    program,
    repeat: repeatOf(form),
    ...(packet === '' ? {} : { data_in: packetSource(packet) }),
    ...(ctx === '' ? {} : { ctx_in: ctx.startsWith('hex:') ? ctx : parseJsonObject(ctx, 'ctx') }),
    expect: {},
  };
  const one = settleCase(written, project, join(project.root, 'run'), 1);
  const from = state.cases.find((other) => other.id === form.from);
  if (!from) return one;
  const { data_in, presets, env } = from;
  return { ...one, data_in, presets, env, ctx_in: ctx === '' ? from.ctx_in : one.ctx_in };
}

/** Runs it by itself, after what is running. `cases`: those that the runner knows otherwise. */
export async function runTrial(
  runner: CaseRunner,
  one: SettledCase,
  cases: () => readonly SettledCase[],
): Promise<TestOutcome | null> {
  let came: TestOutcome | null = null;
  runner.setCases([...cases(), one]);
  await runner.run(new Set([one.id]), { run: 0, cause: 'run', kept: 0, explain: 'all' }, (event) => {
    if (event.type === 'outcome') came = event.outcome;
  });
  runner.setCases(cases());
  return came;
}

/** Bytes as case files write them. */
function written(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, written(part)]));
}

/** The verdict by its name where it has one, else the number. */
function verdictOf({ returned, result }: TestOutcome): string | number {
  const name = /^(\w+) \(/.exec(returned ?? '')?.[1] ?? '';
  return isVerdictName(name) ? name : (result?.retval ?? 0);
}

function expectationOf({ one, outcome }: Trial): { readonly [field: string]: unknown } {
  const { result } = outcome;
  if (result?.fault) return { fault: result.fault.kind };
  const out = result?.data_out;
  const changed = out && one.data_in && toHex(out) !== toHex(one.data_in);
  return {
    ...(result?.errno ? { errno: errnoName(result.errno) } : { retval: verdictOf(outcome) }),
    ...(changed ? { data_out: `hex:${toHex(out)}` } : {}),
    ...(result && result.printk.length > 0 ? { printk: result.printk } : {}),
  };
}

/** The source of a case that expects what the run gave. */
export function caseSource(trial: Trial, root: string): string {
  const { one, outcome } = trial;
  const { result } = outcome;
  const maps = Object.fromEntries(one.presets.map(({ map, content }) => [map, content]));
  const context = one.ctx_in instanceof Uint8Array ? `hex:${toHex(one.ctx_in)}` : one.ctx_in?.json;
  const gave = result?.fault ? 'a fault' : result?.errno ? errnoName(result.errno) : verdictOf(outcome);
  const fields = {
    name: `${one.program} gives ${gave}`,
    object: relative(root, one.object),
    program: one.program,
    ...(one.data_in ? { data_in: `hex:${toHex(one.data_in)}` } : {}),
    ...(context === undefined ? {} : { ctx_in: context }),
    ...(one.presets.length > 0 ? { maps } : {}),
    ...(Object.keys(one.env).length > 0 ? { env: one.env } : {}),
    ...(one.repeat > 1 ? { repeat: one.repeat } : {}),
    expect: expectationOf(trial),
  };
  return `import { test } from 'bpfdeck';\n\ntest(${literal(written(fields), 0, 6)});\n`;
}

/** Writes it beside the other cases under a name that is free. Gives the path. */
export function writeCase(trial: Trial, state: State): string {
  const directory = state.cases[0] ? dirname(state.cases[0].file) : state.root;
  for (let n = 1; ; n++) {
    const path = join(directory, `run-${n}.case.ts`);
    if (existsSync(path)) continue;
    writeFileSync(path, caseSource(trial, state.root));
    return path;
  }
}
