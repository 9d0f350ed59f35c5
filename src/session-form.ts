/** The form of the run screen: which program gets which packet, and what came of earlier runs. */
import type { TestOutcome } from './outcome.ts';
import type { SettledCase } from './test-case.ts';

export const RUN_FIELDS = ['object', 'program', 'packet', 'ctx', 'repeat'] as const;
export type RunField = (typeof RUN_FIELDS)[number];

/** One run that ended. */
export interface Trial {
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly one: SettledCase;
  /** What was typed as packet, for the history. */
  readonly packet: string;
  readonly outcome: TestOutcome;
}

export interface RunForm {
  readonly field: RunField;
  /** Absolute path; null: the first there is. */
  readonly object: string | null;
  readonly program: string | null;
  /** Hex digits, a file, or a frame of a capture (`dump.pcap#3`). */
  readonly packet: string;
  /** Id of the case whose packet, maps and clock are taken instead; null: none. */
  readonly from: string | null;
  /** JSON of the context's fields, or `hex:…`. */
  readonly ctx: string;
  readonly repeat: string;
  /** The latest first. */
  readonly trials: readonly Trial[];
  readonly shown: number;
  readonly busy: boolean;
  /** What is wrong with the form. */
  readonly error: string;
}

export const EMPTY_FORM: RunForm = {
  field: 'packet',
  object: null,
  program: null,
  packet: '',
  from: null,
  ctx: '',
  repeat: '1',
  trials: [],
  shown: 0,
  busy: false,
  error: '',
};
