/** The process that makes the kernel backend's system calls: one request at a time over IPC; it ends with its parent. */
import type { RunRequest } from '../backend.ts';
import { answered } from '../questions.ts';
import { KernelSession } from './session.ts';
import { syscall } from './syscall.ts';

/** What the parent asks; `id` comes back with the answer. */
export type ChildRequest =
  | {
      readonly id: number;
      readonly type: 'open';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly btf: Uint8Array | undefined;
    }
  | { readonly id: number; readonly type: 'run'; readonly request: RunRequest };

/** By which the parent interrupts a BPF_PROG_TEST_RUN. */
export const CANCEL_SIGNAL = 'SIGUSR2';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

function answer(session: KernelSession, asked: ChildRequest): unknown {
  return asked.type === 'open' ? session.open(asked.path, asked.bytes, asked.btf) : session.run(asked.request);
}

function serve(): void {
  const session = new KernelSession();
  const end = () => {
    session.close();
    process.exit(0);
  };
  // A signal that is pending ends BPF_PROG_TEST_RUN with EINTR; its handler has nothing left to do.
  for (const signal of [CANCEL_SIGNAL, 'SIGINT'] as const) process.on(signal, () => {});
  process.on('SIGTERM', end);
  process.on('disconnect', end);
  // All that it has in the kernel hangs on its descriptors, so that it may end at any point.
  syscall('prctl', [PR_SET_PDEATHSIG, SIGKILL]);
  process.on('message', async (asked: ChildRequest) => {
    process.send?.(await answered(asked.id, () => answer(session, asked)));
  });
}

if (import.meta.main) serve();
