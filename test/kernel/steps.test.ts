/** Cases with steps on the kernel: they hold there too, and both backends answer alike in every step. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { labelOf } from '../../src/backends/world-names.ts';
import { objectsOf } from '../../src/cases/steps.ts';
import { requestOf, judge as verdictOf } from '../../src/runner/runner.ts';
import { STEP_CASES } from '../support/step-cases.ts';
import { Judge, noKernel } from './judge.ts';
import { skipText, tooOldForCase } from './needs.ts';

describe.skipIf(noKernel !== null)(`steps on the kernel${noKernel === null ? '' : ` (skipped: ${noKernel})`}`, () => {
  for (const one of STEP_CASES) {
    const why = tooOldForCase(one);
    test.skipIf(why !== null)(`${one.name}${skipText(why)}`, async () => {
      const judge = new Judge();
      const world = [];
      for (const path of objectsOf(one)) {
        world.push({ label: labelOf(path), spec: await judge.open(path, new Uint8Array(readFileSync(path))) });
      }
      const [own, ...further] = world;
      const request = requestOf(one, false);
      expect(await judge.mismatches(request)).toEqual([]);
      const { kernel } = await judge.run(request);
      const { verdict, differences, reason } = verdictOf(one, own!.spec, kernel, further);
      expect({ verdict, differences, reason }).toEqual({ verdict: 'pass', differences: [], reason: '' });
      judge.close();
    });
  }
});
