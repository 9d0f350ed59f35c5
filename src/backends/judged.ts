/** A backend with another one as its judge: both run every request, and where they differ the reply says so. */
import { compareReplies, judgeRequest } from '../compare-replies.ts';
import type { Backend, OpenReply, RunReply, RunRequest } from './backend.ts';

export class JudgedBackend implements Backend {
  readonly name;
  private readonly first: Backend;
  private readonly judge: Backend;

  constructor(first: Backend, judge: Backend) {
    this.first = first;
    this.judge = judge;
    this.name = first.name;
  }

  /** What the judge cannot open it refuses to run, which is a difference. */
  async open(path: string, bytes: Uint8Array, btf?: Uint8Array): Promise<OpenReply> {
    const [opened] = await Promise.all([this.first.open(path, bytes, btf), this.judge.open(path, bytes, btf)]);
    return opened;
  }

  async run(request: RunRequest): Promise<RunReply> {
    const asked = judgeRequest(request);
    const [reply, other] = await Promise.all([this.first.run(asked), this.judge.run(asked)]);
    return { ...reply, mismatches: compareReplies(reply, other) };
  }

  coverage(): ReturnType<NonNullable<Backend['coverage']>> {
    return this.first.coverage?.() ?? { objects: new Map(), counts: new Map() };
  }

  cancel(): void {
    this.first.cancel();
    this.judge.cancel();
  }

  async close(): Promise<void> {
    await Promise.all([this.first.close(), this.judge.close()]);
  }
}
