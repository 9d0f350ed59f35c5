/** Live frames, row by row: verdicts, events in their order, pages, counters of devices, as recorded on the real kernel; in both forms of the loop. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { LiveReport } from '../../../engine/index.ts';
import { type Compact, compact, comparable, countedOnly } from '../../support/live/compact.ts';
import { reportOnEngine } from '../../support/live/engine.ts';
import { EFFECT_ROWS, RECYCLING_ROWS } from '../../support/live/rows.ts';
import type { Scenario } from '../../support/live/scenario.ts';

const RECORDED = new Map(
  readFileSync(new URL('./kernel-live.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; outcome: Compact })
    .map(({ name, outcome }) => [name, outcome]),
);
const ROWS = [...EFFECT_ROWS, ...RECYCLING_ROWS];

test('every row was recorded once', () => {
  expect(new Set(ROWS.map((row) => row.name)).size).toBe(ROWS.length);
  expect([...RECORDED.keys()].sort()).toEqual(ROWS.map((row) => row.name).sort());
});

function recorded(row: Scenario): Compact {
  return RECORDED.get(row.name)!;
}

test.each(ROWS.map((row) => [row.name, row] as const))('%s', (_name, row) => {
  const kernel = comparable(row, recorded(row));
  const [plain, generated] = [reportOnEngine(row, false), reportOnEngine(row, true)];
  expect(comparable(row, compact(plain.outcome))).toEqual(kernel);
  expect(countedOnly(comparable(row, compact(generated.outcome)))).toEqual(countedOnly(kernel));
  expect(counted(generated.report)).toEqual(counted(plain.report));
});

/** What both forms of the loop count: all but what depends on time. */
function counted({ ns_per_frame: _ns, ...report }: LiveReport): object {
  return report;
}
