/** Whoever `live --backend` names, ready to begin a run. */
import { needKernel } from '../backends/choose.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { StartLive } from './backend.ts';
import { startEngine } from './client.ts';

export const LIVE_BACKENDS = ['engine', 'kernel', 'both'] as const;
export type LiveBackendName = (typeof LIVE_BACKENDS)[number];

/** Throws InputError for a name that is none. */
export function liveBackendName(text: string): LiveBackendName {
  const found = LIVE_BACKENDS.find((one) => one === text);
  if (found) return found;
  const hint = didYouMean(text, LIVE_BACKENDS) || `: one of ${LIVE_BACKENDS.join(', ')}`;
  throw new InputError(`there is no backend ${text}${hint}`);
}

/** Throws InputError where the kernel cannot be used, with what to do about it. */
export async function startOf(name: 'engine' | 'kernel'): Promise<StartLive> {
  if (name === 'engine') return startEngine;
  await needKernel();
  return (await import('../backends/kernel/live.ts')).startKernel;
}
