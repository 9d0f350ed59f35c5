/** A backend with another one as its judge: both run every request, and where they differ the reply says so. */

import type { ProgramLines } from '../coverage/program-lines.ts';
import { compareReplies, judgeRequest } from '../expect/compare-replies.ts';
import { compareLive, sameChance } from '../live/compare.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from './backend.ts';

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

  /** A refusal of the judge's is a difference too. */
  async live(request: LiveCaseRequest): Promise<LiveCaseReply> {
    const asked = sameChance(request);
    const [reply, other] = [await this.first.live!(asked), await this.judge.live!(asked)];
    if (reply.end !== null && other.end !== null) return { ...reply, mismatches: compareLive(reply.end, other.end) };
    const sides = { engine: reply.refusal?.message ?? null, kernel: other.refusal?.message ?? null };
    const differ = (reply.end === null) !== (other.end === null);
    return differ ? { ...reply, mismatches: [{ field: 'refusal', ...sides }] } : reply;
  }

  async coverage(): Promise<readonly ProgramLines[]> {
    return (await this.first.coverage?.()) ?? [];
  }

  cancel(): void {
    this.first.cancel();
    this.judge.cancel();
  }

  async close(): Promise<void> {
    await Promise.all([this.first.close(), this.judge.close()]);
  }
}
