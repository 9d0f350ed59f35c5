/** The reporter for programs: one JSON document with every case, what differed, and the counts. */
import { relative } from 'node:path';
import { errnoName } from '../../engine/index.ts';
import type { TestOutcome } from '../outcome.ts';
import { toHex } from '../packet/hex.ts';
import type { SettledCase } from '../test-case.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

/** Raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1;

function caseRecord(one: SettledCase, outcome: TestOutcome, root: string) {
  const { result } = outcome;
  const fault = result?.fault;
  return {
    name: one.name,
    file: relative(root, one.file),
    line: one.line,
    object: relative(root, one.object),
    program: one.program,
    verdict: outcome.verdict,
    reason: outcome.reason,
    differences: outcome.differences,
    took_ms: Number(outcome.took_ms.toFixed(3)),
    errno: result?.errno ?? null,
    errno_name: result ? errnoName(result.errno) : null,
    retval: result?.retval ?? null,
    insns_executed: result?.insns_executed ?? null,
    data_out: result?.data_out ? toHex(result.data_out) : null,
    printk: result?.printk ?? [],
    map_changes: outcome.map_changes ?? [],
    fault: fault
      ? {
          kind: fault.kind,
          message: fault.message,
          program: fault.program,
          insn: fault.insn,
          file: fault.file ?? null,
          line: fault.line ?? null,
          source: fault.source,
        }
      : null,
  };
}

/** Writes nothing before the end. */
export function jsonReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  const records: ReturnType<typeof caseRecord>[] = [];
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (one && event.type === 'outcome') records.push(caseRecord(one, event.outcome, io.root));
    },
    finish: (summary) => {
      const { passed, failed, skipped, todo, cancelled, took_ms } = summary;
      const errors = summary.errors.map(({ file, line, message }) => ({
        file: relative(io.root, file),
        line,
        message,
      }));
      const counts = { passed, failed, skipped, todo, cancelled, took_ms: Number(took_ms.toFixed(3)) };
      io.out(`${JSON.stringify({ version: SCHEMA_VERSION, ...counts, errors, cases: records }, null, 2)}\n`);
    },
  };
}
