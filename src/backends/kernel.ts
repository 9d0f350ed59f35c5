/** The real kernel behind the Backend interface: a child process makes the system calls, so that a run can be stopped. */
import type { Subprocess } from 'bun';
import { ERRNO } from '../../engine/index.ts';
import type { LiveBackend } from '../live/backend.ts';
import { wholeRequest } from '../live/whole.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from './backend.ts';
import type { ChildRequest } from './kernel/child.ts';
import { type Answer, type Question, Questions } from './questions.ts';

/** How long a cancelled run has to end by itself (a program in an endless repeat sees the signal at once). */
const GRACE_MS = 1000;

/** Nobody looks at samples of a live case. */
const SAMPLE_MS = 1e9;
const UNSEEN_PAGES = ['recycled', 'released', 'in_pool'];

interface OpenArgs {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly btf: Uint8Array | undefined;
}

export class KernelBackend implements Backend {
  readonly name = 'kernel';
  private child: Subprocess | null = null;
  private readonly questions = new Questions<ChildRequest>();
  private readonly objects = new Map<string, OpenArgs>();
  private cancelled = false;
  private liveRun: LiveBackend | null = null;
  private closed = false;

  private start(): Subprocess {
    const script = Bun.fileURLToPath(new URL('./kernel/child.ts', import.meta.url));
    const child = Bun.spawn([process.execPath, script], {
      ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'inherit', serialization: 'advanced' },
      ipc: (answer: Answer) => this.questions.take(answer),
      onExit: (gone, code, signal) => {
        if (gone === this.child) this.lost(`the process that talks to the kernel ended (${signal ?? code})`);
      },
    });
    child.unref();
    return child;
  }

  /** The child, started anew (with the objects opened again) when there is none. */
  private ready(): Subprocess {
    if (this.child === null) {
      this.child = this.start();
      for (const args of this.objects.values()) this.ask({ type: 'open', ...args }).catch(() => {});
    }
    return this.child;
  }

  private ask(question: Question<ChildRequest>): Promise<unknown> {
    if (this.closed) return Promise.reject(new Error('the backend is closed'));
    const child = this.ready();
    return this.questions.ask(question, (request) => child.send(request));
  }

  private lost(message: string): void {
    this.child = null;
    this.questions.fail(message);
  }

  async open(path: string, bytes: Uint8Array, btf?: Uint8Array): Promise<OpenReply> {
    this.ready();
    this.objects.set(path, { path, bytes, btf });
    return (await this.ask({ type: 'open', path, bytes, btf })) as OpenReply;
  }

  async run(request: RunRequest): Promise<RunReply> {
    this.cancelled = false;
    try {
      return (await this.ask({ type: 'run', request })) as RunReply;
    } catch (error) {
      if (!this.cancelled) throw error;
      const refusal = { stage: 'run', errno: ERRNO.EINTR, message: 'the run was stopped', where: {} } as const;
      return { result: null, refusal, maps: [], maps_before: [] };
    }
  }

  /** In a process of its own, which has the namespaces. What the pool recycled within a call, and had at its end, nobody sees. */
  async live(asked: LiveCaseRequest): Promise<LiveCaseReply> {
    const request = wholeRequest(asked, (path) => this.objects.get(path));
    if ('stage' in request) return { end: null, refusal: request };
    const { startKernel } = await import('./kernel/live.ts');
    const client = startKernel(request, SAMPLE_MS, () => {});
    this.liveRun = client;
    try {
      const end = await client.done;
      return 'stage' in end ? { end: null, refusal: end } : { end, refusal: null, unseen: UNSEEN_PAGES };
    } finally {
      this.liveRun = null;
      client.close();
    }
  }

  /** A signal ends the run with EINTR; a program that does not come back is left to die with its process. */
  cancel(): void {
    this.liveRun?.stop();
    const { child } = this;
    if (child === null || this.questions.open === 0) return;
    this.cancelled = true;
    const run = this.questions.last;
    child.kill('SIGUSR2');
    setTimeout(() => {
      if (!this.questions.isOpen(run) || this.child !== child) return;
      child.kill('SIGKILL');
      this.lost('the run was stopped');
    }, GRACE_MS).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    const { child } = this;
    if (child === null) return;
    this.lost('the backend was closed');
    child.kill('SIGTERM');
    const gone = await Promise.race([child.exited.then(() => true), Bun.sleep(GRACE_MS).then(() => false)]);
    if (!gone) child.kill('SIGKILL');
    await child.exited;
  }
}
