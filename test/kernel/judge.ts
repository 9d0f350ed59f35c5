/** Runs one request on the engine and on the real kernel, and says where they differ. */
import { basename } from 'node:path';

import type { MapPreset, RunReply, RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { possibleCpus } from '../../src/backends/kernel-maps.ts';
import { probeKernel } from '../../src/backends/kernel-probe.ts';
import { KernelSession } from '../../src/backends/kernel-session.ts';
import { type CompareRules, compareReplies, judgeRequest, type Mismatch } from '../../src/compare-replies.ts';

const probed = probeKernel();
/** Why the kernel cannot be asked here, null when it can. */
export const noKernel: string | null = probed.usable ? null : probed.reason;
if (noKernel !== null && process.env.BPFDECK_KERNEL === 'required') {
  throw new Error(`the kernel is required as judge (BPFDECK_KERNEL), but: ${noKernel}`);
}

/** Both backends, in this process: a test may be stopped, and no run here lasts. */
export class Judge {
  private readonly engine = new EngineBackend();
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
    const env = { ...request.opts.env, cpus: this.cpus, cpu: 0 };
    const asked = { ...request, opts: { ...request.opts, env } };
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

/** Presets by map name. */
export function presetsOf(content: Readonly<Record<string, unknown>>): MapPreset[] {
  return Object.entries(content).map(([map, entries]) => ({ map, content: entries }));
}
