/** Watches over users' files while they are loaded: one that does not come to its end, or ends the process, is named. */
import { writeSync } from 'node:fs';
import { InputError } from '../input-error.ts';
import { type GuardRequest, stuckSentence } from './load-limit.ts';

/** No file takes that long that is not stuck. */
const LIMIT_MS = 30_000;
const STDERR = 2;
const USAGE = 2;

let under: string | null = null;
let worker: Worker | null = null;

/** In a case file process.exit() would end everything, and with 0 say that all is well. */
function onExit(): void {
  if (under === null) return;
  writeSync(STDERR, `bpfdeck: ${under} ended the process while it was loaded\n`);
  process.exitCode = USAGE;
}

/** The thread that still runs when this one is caught in a loop. */
function guard(request: GuardRequest): void {
  if (worker === null) {
    process.on('exit', onExit);
    worker = new Worker(new URL('./load-guard-worker.ts', import.meta.url).href);
    worker.unref();
  }
  worker.postMessage(request);
}

/** What `load` gives. Throws InputError where it is not there in time; a loop that lets nothing else run ends the process, with a sentence. */
export async function guarded<T>(file: string, load: () => Promise<T>, limit_ms = LIMIT_MS): Promise<T> {
  under = file;
  guard({ file, limit_ms });
  let timer: Timer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new InputError(stuckSentence('it', limit_ms))), limit_ms);
  });
  try {
    return await Promise.race([load(), late]);
  } finally {
    clearTimeout(timer);
    under = null;
    guard({ file: null, limit_ms: 0 });
  }
}
