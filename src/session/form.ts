/** The form of the run screen: which program gets which packet, and what came of earlier runs. */
import type { TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';

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

/** A line of a hex dump: an offset, bytes in groups, text after two blanks or a bar. */
const DUMP_LINE =
  /^\s*(?:0x)?[0-9a-f]{3,8}:?\s+((?:[0-9a-f]{2}){1,8}(?: {1,2}(?:[0-9a-f]{2}){1,8})*)(?:\s{2,}.*|\s*\|.*)?$/i;

/** Pasted text as the packet field takes it: of a hex dump (`xxd`, `hexdump -C`, `tcpdump -xx`) the bytes alone. */
export function pastedPacket(text: string): string {
  const lines = text.split(/\r\n?|\n/).filter((line) => line.trim() !== '');
  const bytes = lines.map((line) => DUMP_LINE.exec(line)?.[1]);
  const isDump = lines.length > 0 && bytes.every((part) => part !== undefined);
  return (isDump ? bytes.join(' ') : lines.join(' ')).replace(/\s+/g, ' ').trim();
}
