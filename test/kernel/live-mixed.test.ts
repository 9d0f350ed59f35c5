/** Live frames of all kinds in one run, by chance: engine and kernel send, lose, pass and tell the same, in the same order. */
import { afterAll, expect, test } from 'bun:test';
import { LiveKernel, noKernel } from '../support/live/kernel.ts';
import { mixedBy, mixedOnEngine } from '../support/live/mixed.ts';

const why = noKernel();
const kernel = why === null ? new LiveKernel().ready() : null;
afterAll(async () => (await kernel)?.close());

/** `LIVE_SEEDS=1000,1100 bun test …` for others. */
const [first, end] = (process.env.LIVE_SEEDS ?? '1,11').split(',').map(Number) as [number, number];

test.skipIf(kernel === null).each(Array.from({ length: end - first }, (_, i) => first + i))(
  `seed %p${why === null ? '' : ` (${why})`}`,
  async (seed) => {
    const scenario = mixedBy(seed);
    const [plain, fast] = [mixedOnEngine(scenario, false), mixedOnEngine(scenario, true)];
    expect(await (await kernel!).runMixed(scenario)).toEqual(plain.outcome);
    const { ns_per_frame: _plain, ...report } = plain.report;
    const { ns_per_frame: _fast, ...other } = fast.report;
    expect(other).toEqual(report);
  },
);
