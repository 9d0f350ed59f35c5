/** What came of a case, and the one stream of events that reporters and the screen read. */
import type { LiveReport, MapDump, ProgRunResult, Refusal } from '../engine/index.ts';
import type { ProgramLines } from './coverage/program-lines.ts';
import type { Fix } from './expect/fix.ts';
import type { SettledCase } from './test-case.ts';
import type { Why } from './why/types.ts';

/** One expectation that did not hold, in the user's terms. */
export interface Difference {
  /** retval, errno, data_out, data_size_out, ctx_out, redirect, maps, printk, records, fault; of live cases verdicts, devices, stacks, tracepoints, pool, captured. */
  readonly field: string;
  /** Where inside the field: `ipv4.ttl`, `counters[2].packets`, `line 1`; '' for the whole. */
  readonly at: string;
  readonly expected: string;
  readonly received: string;
  /** What the case would have to expect instead; absent: nothing that can be written in its place. */
  readonly fix?: Fix;
}

/** Which step of a case, from 1. */
export interface StepOf {
  readonly number: number;
  readonly of: number;
  readonly name: string;
}

export type Verdict = 'pass' | 'fail' | 'error' | 'skip' | 'todo';

/** What came of a live case beside what differed. */
export interface LiveOutcome {
  /** `1,000 frames: 1,000 XDP_TX` */
  readonly summary: string;
  /** Frames lost that nobody asked for: why, and how to mend it. */
  readonly lost: readonly { readonly sentence: string; readonly mend: string }[];
  /** The first captured frame that differs; `expected` is null where only fields were. */
  readonly frame: {
    readonly at: string;
    readonly expected: Uint8Array | null;
    readonly received: Uint8Array;
  } | null;
  readonly report: LiveReport;
}

export interface TestOutcome {
  readonly id: string;
  readonly verdict: Verdict;
  /** fail: what differed. */
  readonly differences: readonly Difference[];
  /** error or skip: why, in one sentence. */
  readonly reason: string;
  readonly refusal: Refusal | null;
  /** The end of what the kernel's verifier said, a line each; absent: it said nothing. */
  readonly verifier?: readonly string[];
  /** Of the step that failed, else of the last one. */
  readonly result: ProgRunResult | null;
  /** Cases with steps: which one this is about, from 1. */
  readonly step?: StepOf;
  /** Later steps that do not hold either. */
  readonly also?: readonly { readonly step: StepOf; readonly differences: readonly Difference[] }[];
  readonly maps: readonly MapDump[];
  readonly maps_before: readonly MapDump[];
  /** What the program changed in maps, decoded by BTF, a line each: `stats[0].aborted  0 → 1`. */
  readonly map_changes?: readonly string[];
  /** What the run gave, by name and number: `XDP_DROP (1)`; absent where nothing ran. */
  readonly returned?: string;
  /** Live cases. */
  readonly live?: LiveOutcome;
  /** Runs it took, where the ones before failed (--retries); absent: one. */
  readonly attempts?: number;
  /** A case that failed: what its traced rerun says. Absent where it was not traced. */
  readonly why?: Why;
  /** Wall time of the case. */
  readonly took_ms: number;
  /** What only an open case shows (result, maps and their changes) stayed with the runner: CaseRunner.details() tells it. */
  readonly brief?: true;
}

/** Something that stops a file from giving cases: a syntax error, a throw, a missing object. */
export interface FileError {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** The file is a BPF object that cannot be opened; `line` is 0. */
  readonly object?: boolean;
  /** It came of building: the file is a source, or the config for a command that failed as a whole (`line` is 0). */
  readonly build?: boolean;
  /** The lines around it, numbered, with a caret; absent when the file has none to show. */
  readonly frame?: readonly string[];
}

export type RunEvent =
  /** A run starts: `cause` says why (`start`, `build/lb.o rebuilt`, `a: rerun all`). `kept`: cases not rerun. */
  | {
      readonly type: 'start';
      readonly run: number;
      readonly cause: string;
      readonly cases: readonly SettledCase[];
      readonly kept: number;
    }
  | { readonly type: 'outcome'; readonly run: number; readonly outcome: TestOutcome }
  | { readonly type: 'file-error'; readonly error: FileError }
  /** Before the end, where it was asked for: what the cases executed of each program; one event a thread. */
  | { readonly type: 'coverage'; readonly run: number; readonly programs: readonly ProgramLines[] }
  | { readonly type: 'end'; readonly run: number; readonly took_ms: number; readonly cancelled: boolean };
