/** Live frames by their contract, section 11: every row has a case or a test of its own, and every case holds on engine and kernel. */
import { afterAll, describe, expect, test } from 'bun:test';
import { SINCE } from '../../engine/index.ts';
import { tryLiveFrames } from '../../src/backends/kernel/feature-progs.ts';
import { skipWithout } from '../../src/backends/kernel/release.ts';
import { noKernel } from '../support/live/kernel.ts';
import { LiveJudge, RECORDED } from './live-judge.ts';
import { LIVE_CASES, LIVE_ROWS, LIVE_SHOWN_ELSEWHERE } from './live-rows.ts';

const why = noKernel() ?? skipWithout('live frames', tryLiveFrames() !== false, SINCE.LIVE_FRAMES);
const where = why === null ? 'engine and kernel' : `engine (no kernel: ${why})`;

test('every row has a case, or a test of its own; every case has a row and a record', () => {
  const shown = new Set(LIVE_CASES.map((one) => one.id));
  expect(LIVE_CASES.filter((one) => one.id === '').map((one) => one.name)).toEqual([]);
  expect(Object.keys(LIVE_ROWS).filter((id) => !shown.has(id) && !(id in LIVE_SHOWN_ELSEWHERE))).toEqual([]);
  const scenarios = LIVE_CASES.filter(({ scenario }) => scenario !== undefined).map((one) => one.name);
  expect(new Set(scenarios).size).toBe(scenarios.length);
  expect([...RECORDED.keys()].sort()).toEqual(scenarios.sort());
});

describe(`live frames on ${where}`, () => {
  const judge = new LiveJudge(why === null);
  afterAll(() => judge.close());
  for (const [id, cases] of Map.groupBy(LIVE_CASES, (one) => one.id)) {
    test(`${id} ${LIVE_ROWS[id]}: ${cases.length} runs`, async () => {
      const wrong: unknown[] = [];
      for (const one of cases) {
        const { engine, kernel } = await judge.judge(one);
        if (engine.length + (kernel?.length ?? 0) > 0) wrong.push({ case: one.name, engine, kernel });
      }
      expect(wrong).toEqual([]);
    }, 180_000);
  }
});
