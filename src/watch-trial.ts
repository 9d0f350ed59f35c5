/** Runs what the form of the run screen says, and makes a case of a run. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseJsonObject } from './args-json.ts';
import type { CaseRunner } from './case-runner.ts';
import { settleCase } from './case-settle.ts';
import type { Project } from './config.ts';
import { InputError } from './input-error.ts';
import type { TestOutcome } from './outcome.ts';
import { toHex } from './packet/hex.ts';
import type { RunForm, Trial } from './session-form.ts';
import { chosenObject, chosenProgram } from './session-run.ts';
import type { State } from './session-state.ts';
import type { BytesSource, SettledCase, TestCase } from './test-case.ts';

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

/** Runs it by itself, after what is running. */
export async function runTrial(
  runner: CaseRunner,
  one: SettledCase,
  cases: readonly SettledCase[],
): Promise<TestOutcome | null> {
  let came: TestOutcome | null = null;
  runner.setCases([...cases, one]);
  const running = runner.run(new Set([one.id]), { run: 0, cause: 'run', kept: 0 }, (event) => {
    if (event.type === 'outcome') came = event.outcome;
  });
  runner.setCases(cases);
  await running;
  return came;
}

function literal(value: unknown): string {
  return JSON.stringify(
    value,
    (_name, part: unknown) => {
      if (part instanceof Uint8Array) return { hex: toHex(part) };
      return typeof part === 'bigint' ? String(part) : part;
    },
    2,
  );
}

/** The source of a case that expects what the run gave. */
export function caseSource({ one, outcome }: Trial, root: string): string {
  const result = outcome.result;
  const out = result?.data_out;
  const changed = out && one.data_in && toHex(out) !== toHex(one.data_in);
  const expect = {
    ...(result?.errno ? { errno: result.errno } : { retval: result?.retval ?? 0 }),
    ...(changed ? { data_out: `hex:${toHex(out)}` } : {}),
    ...(result && result.printk.length > 0 ? { printk: result.printk } : {}),
    ...(result?.fault ? { fault: result.fault.kind } : {}),
  };
  const maps = Object.fromEntries(one.presets.map(({ map, content }) => [map, content]));
  const context = one.ctx_in instanceof Uint8Array ? `hex:${toHex(one.ctx_in)}` : one.ctx_in?.json;
  const written = {
    name: `${one.program} gives ${result?.fault ? 'a fault' : (result?.retval ?? 'nothing')}`,
    object: relative(root, one.object),
    program: one.program,
    ...(one.data_in ? { data_in: `hex:${toHex(one.data_in)}` } : {}),
    ...(context === undefined ? {} : { ctx_in: context }),
    ...(one.presets.length > 0 ? { maps } : {}),
    ...(Object.keys(one.env).length > 0 ? { env: one.env } : {}),
    ...(one.repeat > 1 ? { repeat: one.repeat } : {}),
    expect: result?.fault ? { fault: expect.fault } : expect,
  };
  return `import { test } from 'bpfdeck';\n\ntest(${literal(written)});\n`;
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
