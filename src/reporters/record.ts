/** What came of a case as a flat JSON record, and back again: what `json` and `ndjson` write and `merge-reports` reads. */
import { relative, resolve } from 'node:path';
import { errnoName, type Fault, type ProgRunResult } from '../../engine/index.ts';
import { shownStep } from '../cases/steps.ts';
import { InputError } from '../input-error.ts';
import type { Difference, FileError, TestOutcome, Verdict } from '../outcome.ts';
import { parseHex, toHex } from '../packet/hex.ts';
import type { SettledCase } from '../test-case.ts';
import type { Why } from '../why/types.ts';
import { fromLiveRecord, type LiveRecord, liveRecord } from './live-record.ts';

/** Raised when a field changes its meaning or goes. */
export const SCHEMA_VERSION = 1;

const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'error', 'skip', 'todo'];

/** Without the instructions, which are many. */
type WhyRecord = Omit<Why, 'trace' | 'left_out'>;

type FaultRecord = Pick<Fault, 'kind' | 'message' | 'program' | 'insn' | 'text' | 'source'> & {
  readonly file: string | null;
  readonly line: number | null;
};

export interface CaseRecord {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly program: string;
  readonly verdict: Verdict;
  /** Cases with steps: the one that failed, else the last, from 1. */
  readonly step: TestOutcome['step'] | null;
  readonly reason: string;
  readonly differences: readonly Difference[];
  /** The capture that the case is a frame of, and what the frame gave. */
  readonly capture: string | null;
  readonly returned: string | null;
  /** Runs it took; more than one: the ones before failed. */
  readonly attempts: number;
  readonly took_ms: number;
  readonly errno: number | null;
  readonly errno_name: string | null;
  readonly retval: number | null;
  readonly insns_executed: number | null;
  readonly data_out: string | null;
  /** Only where data_out differs from it. */
  readonly expected_data_out: string | null;
  readonly printk: readonly string[];
  readonly map_changes: readonly string[];
  /** The object could not be opened. */
  readonly not_loaded: boolean;
  readonly fault: FaultRecord | null;
  /** Of a case that failed: where it returned, values, branches, calls; null where it was not traced. */
  readonly why: WhyRecord | null;
  /** Of a live case: what was counted, what was lost and why, the first captured frame that differs. */
  readonly live: LiveRecord | null;
}

/** A file that cannot be read, opened or built, with its path from `root`. */
export function errorRecord({ file, line, message, object, build }: FileError, root: string): object {
  const more = { ...(object ? { object } : {}), ...(build ? { build } : {}) };
  return { file: relative(root, file), line, message, ...more };
}

function whyRecord({ trace: _trace, left_out: _leftOut, ...rest }: Why): WhyRecord {
  return rest;
}

function faultRecord({ kind, message, program, insn, text, file, line, source }: Fault): FaultRecord {
  return { kind, message, program, insn, text, file: file ?? null, line: line ?? null, source };
}

/** The record of a case, with paths from `root`. */
export function caseRecord(one: SettledCase, outcome: TestOutcome, root: string): CaseRecord {
  const { result } = outcome;
  const wanted = shownStep(one, outcome).expect.data_out;
  const differs = outcome.differences.some((d) => d.field === 'data_out');
  return {
    name: one.name,
    file: relative(root, one.file),
    line: one.line,
    object: relative(root, one.object),
    program: one.program,
    verdict: outcome.verdict,
    step: outcome.step ?? null,
    reason: outcome.reason,
    differences: outcome.differences.map(({ field, at, expected, received }) => ({ field, at, expected, received })),
    capture: one.capture ?? null,
    returned: outcome.returned ?? null,
    attempts: outcome.attempts ?? 1,
    took_ms: Number(outcome.took_ms.toFixed(3)),
    errno: result?.errno ?? null,
    errno_name: result ? errnoName(result.errno) : null,
    retval: result?.retval ?? null,
    insns_executed: result?.insns_executed ?? null,
    data_out: result?.data_out ? toHex(result.data_out) : null,
    expected_data_out: differs && wanted instanceof Uint8Array ? toHex(wanted) : null,
    printk: result?.printk ?? [],
    map_changes: outcome.map_changes ?? [],
    not_loaded: outcome.verdict === 'error' && outcome.refusal?.stage === 'open',
    fault: result?.fault ? faultRecord(result.fault) : null,
    why: outcome.why ? whyRecord(outcome.why) : null,
    live: outcome.live ? liveRecord(outcome.live) : null,
  };
}

function resultOf(one: CaseRecord): ProgRunResult | null {
  if (one.errno === null) return null;
  const { errno, retval, printk, fault } = one;
  const nothing = { reason: '', duration_ns: 0, data_size_out: null, ctx_out: null, ctx_size_out: null };
  const where = (f: FaultRecord) => ({ ...(f.file ? { file: f.file } : {}), ...(f.line ? { line: f.line } : {}) });
  return {
    ...{ errno, retval, printk, ...nothing, ctx_in_after: null, records: [], redirect: null },
    insns_executed: one.insns_executed ?? 0,
    data_out: one.data_out === null ? null : parseHex(one.data_out),
    fault: fault === null ? null : { ...fault, registers: [], file: '', line: 0, ...where(fault) },
  };
}

function check(value: unknown, path: string): CaseRecord {
  const one = (typeof value === 'object' && value !== null ? value : {}) as Partial<CaseRecord>;
  const texts = [one.name, one.file, one.object, one.program].every((text) => typeof text === 'string');
  const lists = [one.differences, one.printk, one.map_changes].every(Array.isArray);
  if (texts && lists && VERDICTS.includes(one.verdict as Verdict)) return one as CaseRecord;
  throw new InputError(`${path}: it holds a case that is no record of a bpfdeck report`);
}

/** A record as the case and outcome it was made of, as far as reporters need them. Throws InputError for what is none. */
export function fromRecord(value: unknown, root: string, path: string): [SettledCase, TestOutcome] {
  const record = check(value, path);
  const { name, line, program, verdict, reason, differences, map_changes, took_ms } = record;
  const file = resolve(root, record.file);
  const object = resolve(root, record.object);
  const id = [record.file, record.object, program, name].join(' › ');
  const expected = record.expected_data_out;
  const unknown = { type: null, data_in: null, ctx_in: null, presets: [], env: {}, repeat: 0, flags: 0, budget: null };
  const one: SettledCase = {
    ...{ id, name, file, line, object, program, ...unknown, mode: 'run', skip_reason: '' },
    ...(record.capture ? { capture: record.capture } : {}),
    expect: expected === null || expected === undefined ? {} : { data_out: parseHex(expected) },
  };
  const result = resultOf(record);
  const refusal = record.not_loaded ? ({ stage: 'open', errno: 0, message: reason, where: {} } as const) : null;
  const outcome: TestOutcome = {
    ...{ id, verdict, reason, differences, map_changes, took_ms, result, refusal, maps: [], maps_before: [] },
    ...(record.step ? { step: record.step } : {}),
    ...(record.returned ? { returned: record.returned } : {}),
    ...(record.attempts > 1 ? { attempts: record.attempts } : {}),
    ...(record.why ? { why: { ...record.why, trace: [], left_out: 0 } } : {}),
    ...(record.live ? { live: fromLiveRecord(record.live) } : {}),
  };
  return [one, outcome];
}
