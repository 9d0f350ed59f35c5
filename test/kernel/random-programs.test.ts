/** Some random programs, and all that once showed a mismatch: engine and kernel agree. `bun run fuzz:kernel` tries thousands. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SINCE } from '../../engine/index.ts';
import { tooOld } from '../../src/backends/kernel/release.ts';
import { runCampaign } from '../fuzz/kernel/campaign.ts';
import { judgePrepared } from '../fuzz/kernel/judge.ts';
import { restore, type SavedProgram } from '../fuzz/kernel/saved.ts';
import { shortcomings } from './fuzz.ts';
import { noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const REGRESS = join(import.meta.dir, '../../fixtures/regress');
const COUNT = 100;
/** As `SEED=` says, else one that changes by the day: many are tried in time, while a day's runs repeat. */
const SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000) * 10_000);

/** Every instruction is among them, the youngest too. */
const why = noKernel ?? tooOld('random programs', SINCE.LOAD_ACQUIRE);

describe.skipIf(why !== null)(`random programs${skipText(why)}`, () => {
  test(`${COUNT} accepted programs, SEED=${SEED}`, () => {
    const campaign = runCampaign({ count: COUNT, seed: SEED, found_max: 3 });
    const found = campaign.found.map(({ program, mismatches }) => ({
      seed: program.seed,
      first: mismatches.slice(0, 3),
    }));
    expect(found).toEqual([]);
    expect(campaign.accepted).toBe(COUNT);
    expect(shortcomings(campaign)).toEqual([]);
    expect(campaign.median_insns_executed).toBeGreaterThanOrEqual(50);
  }, 120_000);

  for (const file of new Bun.Glob('*.json').scanSync(REGRESS)) {
    const saved = JSON.parse(readFileSync(join(REGRESS, file), 'utf8')) as SavedProgram;
    test(`${file}: ${saved.why}`, () => {
      const { prepared, input } = restore(saved, file);
      expect(judgePrepared(prepared, input)).toMatchObject({ kind: 'ran', mismatches: [] });
    });
  }
});
