/** Live frames on the real kernel, in a namespace of its own, beside the engine: every row, 0 differences. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { SINCE } from '../../engine/index.ts';
import { tryLiveFrames } from '../../src/backends/kernel-feature-progs.ts';
import { skipWithout } from '../../src/backends/kernel-release.ts';
import { compact, comparable } from '../support/live/compact.ts';
import { runOnEngine } from '../support/live/engine.ts';
import { LiveKernel, noKernel } from '../support/live/kernel.ts';
import { EFFECT_ROWS, RECYCLING_ROWS } from '../support/live/rows.ts';

const why = noKernel() ?? skipWithout('live frames', tryLiveFrames() !== false, SINCE.LIVE_FRAMES);
let kernel: LiveKernel | null = null;

beforeAll(async () => {
  if (why === null) kernel = await new LiveKernel().ready();
}, 180_000);
afterAll(() => kernel?.close());

if (why !== null) test.skip(`live frames on the kernel: ${why}`, () => undefined);

test.skipIf(why !== null).each([...EFFECT_ROWS, ...RECYCLING_ROWS].map((row) => [row.name, row] as const))(
  '%s',
  async (_name, row) => {
    const asked = comparable(row, compact(await kernel!.run(row)));
    expect(comparable(row, compact(runOnEngine(row, false)))).toEqual(asked);
  },
  180_000,
);
