/** The engine in this thread for runs that end soon, which most do, and in a thread of its own for the others, so that Ctrl-C stops them. */
import { DEFAULT_BUDGET } from '../../../engine/index.ts';
import type { ProgramLines } from '../../coverage/program-lines.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest, RunStep } from '../backend.ts';
import { EngineBackend } from '../engine.ts';
import { openEngine } from './worker.ts';

/** Budget of a run in this thread: some ten milliseconds. */
const SOON = 1 << 23;
/** A run of more repeats, or with flags (live frames), is not even tried here. */
const FEW_REPEATS = 100;

function isShort({ opts }: RunStep): boolean {
  return (opts.repeat ?? 1) <= FEW_REPEATS && (opts.flags ?? 0) === 0;
}

/** Runs repeat exactly, so one that is stopped for want of budget starts over in the other thread, and nobody can tell. */
class NearEngine implements Backend {
  readonly name = 'engine';
  private readonly here = new EngineBackend();
  private there: Backend | null = null;
  private stopped = false;
  /** What was opened, for the other thread. */
  private readonly opened = new Map<string, Parameters<Backend['open']>>();

  open(...file: Parameters<Backend['open']>): Promise<OpenReply> {
    this.opened.set(file[0], file);
    this.there?.open(...file);
    return this.here.open(...file);
  }

  async run(request: RunRequest): Promise<RunReply> {
    this.stopped = false;
    const wanted = request.opts.budget ?? DEFAULT_BUDGET;
    if (request.more === undefined && isShort(request)) {
      const budget = Math.min(wanted, SOON);
      const reply = await this.here.run({ ...request, opts: { ...request.opts, budget } });
      if (budget === wanted || reply.result?.fault?.kind !== 'endless loop') return reply;
    }
    const reply = (await this.elsewhere()).run(request);
    // Whoever cancelled while the thread started meant this run.
    if (this.stopped) this.cancel();
    return reply;
  }

  async live(request: LiveCaseRequest): Promise<LiveCaseReply> {
    this.stopped = false;
    const reply = (await this.elsewhere()).live!(request);
    if (this.stopped) this.cancel();
    return reply;
  }

  /** The parts of both threads, which add up. */
  async coverage(): Promise<readonly ProgramLines[]> {
    const parts = await Promise.all([this.here.coverage(), this.there?.coverage?.() ?? []]);
    return parts.flat();
  }

  private async elsewhere(): Promise<Backend> {
    if (this.there !== null) return this.there;
    this.there = openEngine();
    for (const file of this.opened.values()) await this.there.open(...file);
    return this.there;
  }

  cancel(): void {
    this.stopped = true;
    this.there?.cancel();
  }

  async close(): Promise<void> {
    await Promise.all([this.here.close(), this.there?.close()]);
  }
}

export function openNearEngine(): Backend {
  return new NearEngine();
}
