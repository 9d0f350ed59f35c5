/** Runs contract cases on the engine and on the kernel, in this process. */
import { existsSync, readFileSync } from 'node:fs';
import { MAP_TYPE } from '../../engine/index.ts';
import type { RunReply } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { KernelSession } from '../../src/backends/kernel/session.ts';
import { compareReplies } from '../../src/expect/compare-replies.ts';
import { tooOldFor } from '../kernel/needs.ts';
import { runWithSockets } from '../support/kernel-sockets.ts';
import type { ContractCase, ContractFile } from './cases.ts';
import { differences } from './differences.ts';

const SOCKET_MAPS: ReadonlySet<number> = new Set([MAP_TYPE.SOCKMAP, MAP_TYPE.SOCKHASH]);
const VMLINUX = '/sys/kernel/btf/vmlinux';

/** What came of one case on one side: nothing wrong, or what; null where it was not asked. */
export interface Verdict {
  readonly engine: readonly string[];
  readonly kernel: readonly string[] | null;
  /** What it differed in before, where the kernel was asked again. */
  readonly before?: readonly string[];
}

export class ContractJudge {
  private readonly engine = new EngineBackend();
  private readonly kernel: KernelSession | null;

  /** `withKernel`: asks the kernel too. */
  constructor(withKernel: boolean) {
    this.kernel = withKernel ? new KernelSession() : null;
  }

  async open({ path, bytes, kernel_types }: ContractFile): Promise<void> {
    const types = kernel_types && existsSync(VMLINUX) ? new Uint8Array(readFileSync(VMLINUX)) : undefined;
    await this.engine.open(path, bytes, types);
    this.kernel?.open(path, bytes, types);
  }

  /** The engine against the contract, the kernel against the contract, and both against each other. */
  async judge({ spec }: ContractFile, one: ContractCase): Promise<Verdict> {
    const engine = await this.engine.run(one.request);
    const wrong = differences(spec, one, engine);
    if (this.kernel === null || whyNotAsked(spec, one) !== null) return { engine: wrong, kernel: null };
    const session = this.kernel;
    const maps = spec.maps.filter((map) => SOCKET_MAPS.has(map.type)).map((map) => map.name);
    const kernel = runWithSockets(one.request, maps, (request) => session.run(request));
    return { engine: wrong, kernel: [...differences(spec, one, kernel), ...mismatches(engine, kernel)] };
  }

  close(): void {
    void this.engine.close();
    this.kernel?.close();
  }
}

/** Why the kernel is not asked about a case: the case says so, or the running kernel is older than its program. */
export function whyNotAsked(spec: ContractFile['spec'], { kernel, request }: ContractCase): string | null {
  return kernel ?? tooOldFor(spec, request.program);
}

function mismatches(engine: RunReply, kernel: RunReply): string[] {
  return compareReplies(engine, kernel).map(
    (one) => `${one.field}: engine ${String(one.engine)}, kernel ${String(one.kernel)}`,
  );
}
