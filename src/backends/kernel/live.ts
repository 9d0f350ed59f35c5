/** The real kernel behind a live run: a child process has the namespaces and makes the calls, so that a run can be stopped. */
import type { Subprocess } from 'bun';
import { ERRNO, errnoName, type Refusal } from '../../../engine/index.ts';
import type { LiveBackend, StartLive } from '../../live/backend.ts';
import type { LiveCommand, LiveEnd, LiveReply, LiveRequest, LiveSample } from '../../live/types.ts';
import type { LiveChildAsk } from './live-child.ts';

/** How long a run that was told to stop may take to the end of its call, until a signal ends it. */
const STOP_MS = 300;
/** And after the signal, until its process is killed. */
const KILL_MS = 10_000;

/** Of a process that had to be killed. */
const STOPPED: Refusal = { stage: 'run', errno: ERRNO.EINTR, message: 'the run was stopped', where: {} };

/** What the kernel says before the first frame is a refusal, as the engine's. */
function refusedAtOnce({ errno, sample }: LiveEnd): Refusal | null {
  if (errno === 0 || sample.report.frames > 0) return null;
  return { stage: 'run', errno, message: `BPF_PROG_TEST_RUN gives ${errnoName(errno)}`, where: {} };
}

class KernelLiveClient implements LiveBackend {
  readonly name = 'kernel';
  readonly done: Promise<LiveEnd | Refusal>;
  private readonly child: Subprocess;
  private readonly timers: ReturnType<typeof setTimeout>[] = [];
  /** It has told something, so it is past the point where a signal would end it. */
  private alive = false;

  constructor(request: LiveRequest, sample_ms: number, onSample: (sample: LiveSample) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<LiveEnd | Refusal>();
    this.done = promise;
    const script = Bun.fileURLToPath(new URL('./live-child.ts', import.meta.url));
    this.child = Bun.spawn([process.execPath, script], {
      ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', serialization: 'advanced' },
      ipc: (reply: LiveReply) => {
        this.alive = true;
        if (reply.is === 'sample') onSample(reply.sample);
        else if (reply.is === 'end') resolve(refusedAtOnce(reply.end) ?? reply.end);
        else if (reply.is === 'refused') resolve(reply.refusal);
        else reject(Object.assign(new Error(reply.message), { stack: reply.stack }));
      },
      onExit: (_gone, code, signal) => {
        this.quiet();
        if (this.timers.length > 0) resolve(STOPPED);
        else reject(new Error(`the process that runs live frames in the kernel ended (${signal ?? code})`));
      },
    });
    this.ask({ ask: 'start', request, sample_ms });
  }

  private ask(asked: LiveChildAsk): void {
    this.child.send(asked);
  }

  private quiet(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  send(command: LiveCommand): void {
    if (this.child.exitCode === null && !this.child.killed) this.ask({ ask: 'command', command });
  }

  stop(): void {
    this.send({ do: 'stop' });
    if (this.timers.length > 0) return;
    this.timers.push(setTimeout(() => this.alive && this.child.kill('SIGUSR2'), STOP_MS));
    this.timers.push(setTimeout(() => this.child.kill('SIGKILL'), KILL_MS));
  }

  close(): void {
    this.quiet();
    this.done.catch(() => {});
    this.child.kill('SIGKILL');
  }
}

/** The real kernel, in a process of its own. */
export const startKernel: StartLive = (request, sample_ms, onSample) =>
  new KernelLiveClient(request, sample_ms, onSample);
