/** The reporter for programs: one JSON document with every case, what differed, and the counts. */
import { coverageRecord } from '../coverage/record.ts';
import type { SettledCase } from '../test-case.ts';
import { type CaseRecord, caseRecord, errorRecord, SCHEMA_VERSION } from './record.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

/** Writes nothing before the end. */
export function jsonReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  const records: CaseRecord[] = [];
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (one && event.type === 'outcome') records.push(caseRecord(one, event.outcome, io.root));
    },
    finish: (summary) => {
      const { passed, failed, skipped, todo, cancelled, took_ms } = summary;
      const errors = summary.errors.map((error) => errorRecord(error, io.root));
      const counts = { passed, failed, skipped, todo, cancelled, took_ms: Number(took_ms.toFixed(3)) };
      const coverage = summary.coverage ? { coverage: coverageRecord(summary.coverage, io.root) } : {};
      const document = { version: SCHEMA_VERSION, ...counts, ...coverage, errors, cases: records };
      io.out(`${JSON.stringify(document, null, 2)}\n`);
    },
  };
}
