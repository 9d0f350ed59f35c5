/** Cases on the fixture objects, settled as from a case file, and run on any backend. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReply, RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { settleCase } from '../../src/case-settle.ts';
import type { Project } from '../../src/config.ts';
import type { TestOutcome } from '../../src/outcome.ts';
import { judge, requestOf } from '../../src/runner.ts';
import type { SettledCase, TestCase } from '../../src/test-case.ts';

const ROOT = join(import.meta.dir, '../../fixtures/objects');

export const PROJECT: Project = {
  ...{ file: null, root: ROOT, objects: [], cases: [], defaults: {}, btf: null, lenient: false },
};

/** A case of `fixtures/objects/NAME`, with `object: 'NAME'`. */
export function fixtureCase(given: Omit<TestCase, 'name'> & { readonly name?: string }): SettledCase {
  const { object } = given;
  return settleCase({ name: 'a case', ...given, object: `${object}/${object}.bpf.o` }, PROJECT, `${ROOT}/x.case.ts`, 1);
}

interface Opener {
  open(path: string, bytes: Uint8Array): unknown;
  run(request: RunRequest): RunReply | Promise<RunReply>;
}

export async function runOn(backend: Opener, one: SettledCase): Promise<TestOutcome> {
  const engine = new EngineBackend();
  const bytes = new Uint8Array(readFileSync(one.object));
  const { spec } = await engine.open(one.object, bytes);
  await backend.open(one.object, bytes);
  return judge(one, spec, await backend.run(requestOf(one, false)));
}

/** What comes of a case in the engine: the verdict, and `field at: expected / received` a difference. */
export async function cameOf(given: Parameters<typeof fixtureCase>[0]): Promise<string[]> {
  const came = await runOn(new EngineBackend(), fixtureCase(given));
  const step = came.step && came.verdict !== 'pass' ? [`step ${came.step.number}`] : [];
  const found = came.differences.map((d) => `${d.field} ${d.at}: ${d.expected} / ${d.received}`);
  return [came.verdict, ...step, ...(came.reason === '' ? [] : [came.reason]), ...found];
}
