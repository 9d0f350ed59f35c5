/** `bpfdeck explain` says what the engine does: every type, every field that it says must be 0, every size. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contractOf, PROG_TYPE, runnableTypes } from '../../../engine/index.ts';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { explainReport, typeFacts } from '../../../src/commands/explain-report.ts';
import { progTypeName } from '../../../src/format/prog-types.ts';
import { makeStyle } from '../../../src/format/style.ts';
import { cli } from '../../support/cli.ts';

const FOLDER = join(import.meta.dir, '..', '..', '..', 'fixtures', 'prog-run');
/** A program of each type whose context has fields that must be 0, with a packet it takes. */
const PROGRAMS = [
  [PROG_TYPE.SCHED_CLS, 'skb/skb.bpf.o', 'cls', 64],
  [PROG_TYPE.SOCKET_FILTER, 'skb/skb.bpf.o', 'sock', 64],
  [PROG_TYPE.CGROUP_SKB, 'skb/skb.bpf.o', 'ingress', 64],
  [PROG_TYPE.XDP, 'xdp/xdp.bpf.o', 'plain', 64],
  [PROG_TYPE.FLOW_DISSECTOR, 'flow-dissector/flow-dissector.bpf.o', 'look', 64],
  [PROG_TYPE.SK_LOOKUP, 'sk-lookup/sk-lookup.bpf.o', 'look', 0],
] as const;

test.each(PROGRAMS)('type %i: a field that must be 0 is refused', async (type, file, program, bytes) => {
  const path = join(FOLDER, file);
  const engine = new EngineBackend();
  await engine.open(path, new Uint8Array(readFileSync(path)));
  const common = type === PROG_TYPE.SK_LOOKUP ? { family: 2 } : {};
  const run = async (ctx: Record<string, unknown>) => {
    const data = bytes === 0 ? {} : { data_in: new Uint8Array(bytes) };
    const { result } = await engine.run({ object: path, program, presets: [], ctx: { ...common, ...ctx }, opts: data });
    return result?.errno;
  };
  expect(await run({})).toBe(0);
  const { fields } = typeFacts(type, contractOf(type)!);
  const wrong: string[] = [];
  for (const { name, count, given } of fields) {
    if (given || name.startsWith('ipv6')) continue;
    if ((await run({ [name]: count > 1 ? [1] : 1 })) === 0) wrong.push(name);
  }
  expect(wrong).toEqual([]);
});

test.each(runnableTypes().map((type) => [progTypeName(type), type] as const))('%s has a page', (name, type) => {
  const facts = typeFacts(type, contractOf(type)!);
  const text = explainReport(facts, makeStyle(false));
  expect(text).toStartWith(`${name} under BPF_PROG_RUN\n`);
  for (const { errno } of facts.errors) expect(text).toContain(errno);
  expect(text).not.toContain('undefined');
});

test('by every name of a type, as JSON, and for types that do not run', async () => {
  const { out } = await cli(['explain', 'tc', '--json']);
  expect(JSON.parse(out)).toMatchObject({ type: 'SCHED_CLS', data_in: { least: 14, most: 3712 }, cpu: 'must be 0' });
  expect((await cli(['explain'])).out).toContain('netfilter');
  expect((await cli(['explain', 'kprobe'])).out).toContain('ENOTSUPP');
  expect((await cli(['explain', 'nothing'])).code).toBe(2);
});
