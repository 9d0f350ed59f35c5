/** Every case of the balancer project on both backends: engine and kernel answer alike, and both as the case expects. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineBackend } from '../../src/backends/engine.ts';
import { JudgedBackend } from '../../src/backends/judged.ts';
import { KernelBackend } from '../../src/backends/kernel.ts';
import { loadCases } from '../../src/cases/load.ts';
import { loadProject } from '../../src/config.ts';
import { ObjectStore } from '../../src/runner/object-store.ts';
import { requestOf, runCase, judge as verdictOf } from '../../src/runner/runner.ts';
import { Judge, noKernel } from './judge.ts';
import { skipText, tooOldForCase } from './needs.ts';

const loaded = await loadProject(join(import.meta.dir, '../../fixtures/projects/balancer'));
if (!loaded.ok) throw new Error(loaded.error.message);
const { cases } = await loadCases(loaded.project);

describe.skipIf(noKernel !== null)(
  `balancer on the kernel${noKernel === null ? '' : ` (skipped: ${noKernel})`}`,
  () => {
    for (const one of cases.filter(({ live }) => live === undefined)) {
      const why = tooOldForCase(one);
      test.skipIf(why !== null)(`${one.id}${skipText(why)}`, async () => {
        const judge = new Judge();
        const spec = await judge.open(one.object, new Uint8Array(readFileSync(one.object)));
        const request = requestOf(one, false);
        expect(await judge.mismatches(request)).toEqual([]);
        const { kernel } = await judge.run(request);
        const { verdict, differences, reason } = verdictOf(one, spec, kernel);
        expect({ verdict, differences, reason }).toEqual({ verdict: 'pass', differences: [], reason: '' });
        judge.close();
      });
    }
    for (const one of cases.filter(({ live }) => live !== undefined)) {
      test(one.id, async () => {
        const backend = new JudgedBackend(new EngineBackend(), new KernelBackend());
        const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
        let came = await runCase(one, scope);
        // On a machine that is busy pages may come back later.
        for (let asked = 1; asked < 3 && came.verdict === 'fail'; asked++) came = await runCase(one, scope);
        await backend.close();
        expect(came).toMatchObject({ verdict: 'pass', differences: [], reason: '' });
      }, 60_000);
    }
  },
);
