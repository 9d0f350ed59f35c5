/** The engine where the kernel is its judge: CO-RE goes by the running kernel's types on both sides, unless others are given. */
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from './backend.ts';
import { kernelTypes } from './kernel-types.ts';

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
    if (types === null) return this.inner.open(path, bytes, btf);
    const { spec, refusal } = await this.inner.open(path, bytes, types);
    return { spec: spec === null ? null : { ...spec, core_target: RUNNING_KERNEL }, refusal };
  }

  run(request: RunRequest): Promise<RunReply> {
    return this.inner.run(request);
  }

  live(request: LiveCaseRequest): Promise<LiveCaseReply> {
    return this.inner.live!(request);
  }

  coverage(): ReturnType<NonNullable<Backend['coverage']>> {
    return this.inner.coverage?.() ?? { objects: new Map(), counts: new Map() };
  }

  cancel(): void {
    this.inner.cancel();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
