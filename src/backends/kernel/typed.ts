/** The engine where the kernel is its judge: CO-RE and .kconfig go by the running kernel on both sides, unless types are given. */
import type { ProgramLines } from '../../coverage/program-lines.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from '../backend.ts';
import { asksForConfig, kernelConfig } from './config.ts';
import { kernelTypes } from './types.ts';

/** What CO-RE relocations were resolved against, in words. */
export const RUNNING_KERNEL = "the running kernel's types";

export class KernelTyped implements Backend {
  readonly name;
  private readonly inner: Backend;

  constructor(inner: Backend) {
    this.inner = inner;
    this.name = inner.name;
  }

  async open(path: string, bytes: Uint8Array, btf?: Uint8Array): Promise<OpenReply> {
    const types = btf === undefined ? kernelTypes() : null;
    let opened = await this.inner.open(path, bytes, types ?? btf);
    if (opened.spec !== null && asksForConfig(opened.spec)) {
      opened = await this.inner.open(path, bytes, types ?? btf, kernelConfig());
    }
    if (types === null || opened.spec === null) return opened;
    return { spec: { ...opened.spec, core_target: RUNNING_KERNEL }, refusal: null };
  }

  run(request: RunRequest): Promise<RunReply> {
    return this.inner.run(request);
  }

  live(request: LiveCaseRequest): Promise<LiveCaseReply> {
    return this.inner.live!(request);
  }

  async coverage(): Promise<readonly ProgramLines[]> {
    return (await this.inner.coverage?.()) ?? [];
  }

  cancel(): void {
    this.inner.cancel();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
