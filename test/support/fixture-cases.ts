/** Cases on the fixture objects, settled as from a case file, and run on any backend. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReply, RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { labelOf, type WorldObject } from '../../src/backends/world-names.ts';
import { settleCase } from '../../src/cases/settle.ts';
import { objectsOf } from '../../src/cases/steps.ts';
import type { Project } from '../../src/config.ts';
import type { TestOutcome } from '../../src/outcome.ts';
import { judge, requestOf } from '../../src/runner/runner.ts';
import type { SettledCase, TestCase } from '../../src/test-case.ts';

const ROOT = join(import.meta.dir, '../../fixtures/objects');

export const PROJECT: Project = {
  ...{ file: null, root: ROOT, objects: [], cases: [], defaults: {}, btf: null, lenient: false, builds: [] },
};

/** `map-array` or `shared/entry`. */
function pathOf(name: string): string {
  return name.includes('/') ? `${name}.bpf.o` : `${name}/${name}.bpf.o`;
}

/** A case of `fixtures/objects/NAME`, with `object: 'NAME'` and so with those in `with`. */
export function fixtureCase(given: Omit<TestCase, 'name'> & { readonly name?: string }): SettledCase {
  const { object, with: further } = given;
  const paths = { object: pathOf(object), ...(further ? { with: further.map(pathOf) } : {}) };
  return settleCase({ name: 'a case', ...given, ...paths }, PROJECT, `${ROOT}/x.case.ts`, 1);
}

interface Opener {
  open(path: string, bytes: Uint8Array): unknown;
  run(request: RunRequest): RunReply | Promise<RunReply>;
}

export async function runOn(backend: Opener, one: SettledCase): Promise<TestOutcome> {
  const engine = new EngineBackend();
  const world: WorldObject[] = [];
  for (const path of objectsOf(one)) {
    const bytes = new Uint8Array(readFileSync(path));
    const { spec } = await engine.open(path, bytes);
    await backend.open(path, bytes);
    if (spec) world.push({ label: labelOf(path), spec });
  }
  const [own, ...further] = world;
  return judge(one, own?.spec ?? null, await backend.run(requestOf(one, false)), further);
}

/** What comes of a case in the engine: the verdict, and `field at: expected / received` a difference. */
export async function cameOf(given: Parameters<typeof fixtureCase>[0]): Promise<string[]> {
  const came = await runOn(new EngineBackend(), fixtureCase(given));
  const step = came.step && came.verdict !== 'pass' ? [`step ${came.step.number}`] : [];
  const found = came.differences.map((d) => `${d.field} ${d.at}: ${d.expected} / ${d.received}`);
  return [came.verdict, ...step, ...(came.reason === '' ? [] : [came.reason]), ...found];
}
