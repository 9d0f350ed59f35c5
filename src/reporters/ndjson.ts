/** The reporter for programs that read along: a JSON record a line as things happen (start, case, error, end). */
import { coverageRecord } from '../coverage/record.ts';
import type { SettledCase } from '../test-case.ts';
import { caseRecord, errorRecord, SCHEMA_VERSION } from './record.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

export function ndjsonReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  const line = (record: object) => io.out(`${JSON.stringify(record)}\n`);
  return {
    event: (event) => {
      if (event.type === 'start') {
        cases = new Map(event.cases.map((one) => [one.id, one]));
        line({ type: 'start', version: SCHEMA_VERSION, run: event.run, cause: event.cause, cases: event.cases.length });
      }
      if (event.type === 'file-error') line({ type: 'error', ...errorRecord(event.error, io.root) });
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (one && event.type === 'outcome') line({ type: 'case', ...caseRecord(one, event.outcome, io.root) });
    },
    finish: ({ coverage, passed, failed, skipped, todo, cancelled, took_ms }) => {
      if (coverage) line({ type: 'coverage', ...coverageRecord(coverage, io.root) });
      line({ type: 'end', passed, failed, skipped, todo, cancelled, took_ms: Number(took_ms.toFixed(3)) });
    },
  };
}
