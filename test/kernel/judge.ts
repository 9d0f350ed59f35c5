/** Runs one request on the engine and on the real kernel, and says where they differ. */
import { basename } from 'node:path';

import { loadObject, type MapDump, type ObjectSpec, type ProgRunResult, progRun } from '../../engine/index.ts';
import type { MapPreset, RunReply, RunRequest, RunStep } from '../../src/backends/backend.ts';
import { applyPresets, InnerMaps } from '../../src/backends/engine/presets.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { pinToCpu } from '../../src/backends/kernel/cpu.ts';
import { LoadedInKernel } from '../../src/backends/kernel/loaded.ts';
import { possibleCpus } from '../../src/backends/kernel/maps.ts';
import { probeKernel } from '../../src/backends/kernel/probe.ts';
import { testRun } from '../../src/backends/kernel/run.ts';
import { KernelSession } from '../../src/backends/kernel/session.ts';
import { KernelTyped } from '../../src/backends/kernel/typed.ts';
import { presetUpdates } from '../../src/backends/presets.ts';
import { type CompareRules, compareReplies, judgeRequest, type Mismatch } from '../../src/expect/compare-replies.ts';

const probed = probeKernel();
/** Why the kernel cannot be asked here, null when it can. */
export const noKernel: string | null = probed.usable ? null : probed.reason;
if (noKernel !== null && process.env.BPFDECK_KERNEL === 'required') {
  throw new Error(`the kernel is required as judge (BPFDECK_KERNEL), but: ${noKernel}`);
}

/** Both backends, in this process: a test may be stopped, and no run here lasts. */
export class Judge {
  private readonly engine = new KernelTyped(new EngineBackend());
  private readonly kernel = new KernelSession();
  private readonly cpus = noKernel === null ? possibleCpus() : 1;

  async open(
    path: string,
    bytes: Uint8Array,
    btf?: Uint8Array,
  ): Promise<NonNullable<Awaited<ReturnType<EngineBackend['open']>>['spec']>> {
    const opened = await this.engine.open(path, bytes, btf);
    this.kernel.open(path, bytes, btf);
    if (opened.spec === null) throw new Error(`${basename(path)}: ${opened.refusal?.message}`);
    return opened.spec;
  }

  /** What both answer, on CPU 0 of as many CPUs as this machine has. */
  async run(request: RunRequest): Promise<{ readonly engine: RunReply; readonly kernel: RunReply }> {
    const placed = <Step extends RunStep>(step: Step): Step => ({
      ...step,
      opts: { ...step.opts, env: { ...step.opts.env, cpus: this.cpus, cpu: 0 } },
    });
    const { more } = request;
    const asked = { ...placed(request), ...(more === undefined ? {} : { more: more.map(placed) }) };
    return { engine: await this.engine.run(asked), kernel: this.kernel.run(judgeRequest(asked)) };
  }

  async mismatches(request: RunRequest, rules: CompareRules = {}): Promise<Mismatch[]> {
    const { engine, kernel } = await this.run(request);
    return compareReplies(engine, kernel, rules);
  }

  close(): void {
    this.kernel.close();
  }
}

export interface Answers {
  readonly input: string;
  readonly mismatches: readonly Mismatch[];
}

/**
 * Runs one program on many packets in a row, on the same maps, which both sides change as they go; maps are compared at the end.
 * For objects whose maps take the kernel long to make.
 */
export function runInARow(
  spec: ObjectSpec,
  program: string,
  presets: readonly MapPreset[],
  packets: Readonly<Record<string, Uint8Array>>,
): Answers[] {
  const cpus = possibleCpus();
  const object = loadObject(spec, { cpus });
  if (!object.ok) throw new Error(object.error.message);
  applyPresets([{ label: '', object: object.value }], new InnerMaps(object.value), presets, cpus);
  const loaded = new LoadedInKernel(spec);
  const wrong = loaded.load({ program, type: 0, updates: presetUpdates(spec, presets, cpus) });
  if (wrong !== null) throw new Error(wrong.refusal.message);
  const { fd, type } = loaded.programs.get(program)!;
  pinToCpu(0);
  const answers: Answers[] = [];
  for (const [input, data_in] of Object.entries(packets)) {
    const ran = progRun(object.value, program, { data_in, env: { cpu: 0 } });
    if (!ran.ok) throw new Error(ran.error.message);
    const kernel: ProgRunResult = { ...testRun(fd, type, { data_in }), printk: [], records: [] };
    answers.push({ input, mismatches: compareReplies(replyOf(ran.value, []), replyOf(kernel, [])) });
    if (input !== Object.keys(packets).at(-1)) continue;
    const maps = [object.value.dumpMaps(), loaded.dump()] as const;
    answers.push({ input: 'maps', mismatches: compareReplies(replyOf(kernel, maps[0]), replyOf(kernel, maps[1])) });
  }
  loaded.close();
  return answers.filter(({ mismatches }) => mismatches.length > 0);
}

function replyOf(result: ProgRunResult, maps: readonly MapDump[]): RunReply {
  return { result, refusal: null, maps, maps_before: [] };
}

/** Presets by map name. */
export function presetsOf(content: Readonly<Record<string, unknown>>): MapPreset[] {
  return Object.entries(content).map(([map, entries]) => ({ map, content: entries }));
}
