/** What the main thread and the worker that runs cases say to each other, and the memory that both see. */

import type { RunEvent } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { CaseRunOptions, RunProject } from './case-runner.ts';

/** Words of the memory that both threads see. */
export const SHARED = {
  /** Nonzero ends the run under way. */
  STOP: 0,
  /** Cases of the run under way that ended: should the thread break, the next one was running. */
  ENDED: 1,
  WORDS: 2,
} as const;

export type RunnerRequest =
  | { readonly type: 'start'; readonly shared: Int32Array }
  | { readonly type: 'project'; readonly id: number; readonly project: RunProject }
  | { readonly type: 'cases'; readonly cases: readonly SettledCase[] }
  | { readonly type: 'open'; readonly id: number; readonly path: string; readonly bytes?: Uint8Array }
  | {
      readonly type: 'run';
      readonly id: number;
      /** Where the cases to run stand in the list of all of them. */
      readonly places: Uint32Array;
      readonly options: Omit<CaseRunOptions, 'stopped' | 'signal'>;
    }
  | { readonly type: 'outcome'; readonly id: number; readonly one: string }
  | { readonly type: 'details'; readonly id: number; readonly one: string };

export type RunnerReply =
  | { readonly type: 'events'; readonly id: number; readonly events: readonly RunEvent[] }
  /** The answer to a request: its value, or what went wrong (`input`: the user's mistake, not ours). */
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string; readonly input: boolean };
