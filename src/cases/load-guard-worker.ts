/** The thread that ends the process when the one that loads users' files is caught in a loop: nothing else could. */

import { dlopen, FFIType } from 'bun:ffi';
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type GuardRequest, stuckSentence } from './load-limit.ts';

declare const self: Worker;

const [STDIN, STDOUT, STDERR] = [0, 1, 2];
const USAGE = 2;
/** The ordinary screen, the cursor, and text pasted as it is. */
const PLAIN_TERMINAL = '\u001b[?1049l\u001b[?2004l\u001b[?25h';
/** The loading thread has a timer of its own for what merely waits. */
const GRACE_MS = 1_000;

/** This thread's process.exit() ends this thread alone. */
function endProcess(): void {
  try {
    const libc = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
    dlopen(libc, { _exit: { args: [FFIType.i32], returns: FFIType.void } }).symbols._exit(USAGE);
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}

function end(file: string, limit_ms: number): void {
  if (isatty(STDOUT)) writeSync(STDOUT, PLAIN_TERMINAL);
  if (isatty(STDIN)) spawnSync('stty', ['sane'], { stdio: 'inherit' });
  writeSync(STDERR, `bpfdeck: ${stuckSentence(file, limit_ms)}\n`);
  endProcess();
}

let timer: Timer | undefined;

self.onmessage = ({ data: { file, limit_ms } }: MessageEvent<GuardRequest>) => {
  clearTimeout(timer);
  if (file !== null) timer = setTimeout(() => end(file, limit_ms), limit_ms + GRACE_MS);
};
