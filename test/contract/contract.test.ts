/** BPF_PROG_RUN by its contract: every row has a case or a reason, and every case holds on the engine, and on the kernel where there is one. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { basename } from 'node:path';
import { EngineBackend } from '../../src/backends/engine.ts';
import { probeKernel } from '../../src/backends/kernel/probe.ts';
import { contractFiles } from './cases.ts';
import { ContractJudge, whyNotAsked } from './judge.ts';
import { ROWS, SHOWN_ELSEWHERE, WITHOUT_MEANING } from './rows.ts';

const FILES = contractFiles();
const probed = probeKernel();
const where = probed.usable ? 'engine and kernel' : `engine (no kernel: ${probed.reason})`;

test('every row has a case, or a reason why it has none', () => {
  const shown = new Set(FILES.flatMap((file) => file.cases.map((one) => one.id)));
  const excused = { ...WITHOUT_MEANING, ...SHOWN_ELSEWHERE };
  const rows = Object.keys(ROWS);
  expect(rows.filter((row) => !shown.has(row) && !(row in excused))).toEqual([]);
  expect(Object.keys(excused).filter((row) => shown.has(row) || !(row in ROWS))).toEqual([]);
  expect([...shown].filter((row) => !(row in ROWS))).toEqual([]);
});

for (const file of FILES) {
  const groups = Map.groupBy(file.cases, (one) => one.id);
  describe(`${basename(file.path, '.bpf.o')} on ${where}`, () => {
    const judge = new ContractJudge(probed.usable);
    beforeAll(() => judge.open(file));
    afterAll(() => judge.close());
    for (const [id, cases] of groups) {
      const unasked = new Set(probed.usable ? cases.flatMap((one) => whyNotAsked(file.spec, one) ?? []) : []);
      const but = unasked.size === 0 ? '' : ` (the kernel is not always asked: ${[...unasked].join('; ')})`;
      test(`${id} ${ROWS[id]}: ${cases.length} runs${but}`, async () => {
        const wrong: unknown[] = [];
        for (const one of cases) {
          const { engine, kernel } = await judge.judge(file, one);
          if (engine.length + (kernel?.length ?? 0) > 0) wrong.push({ case: one.name, engine, kernel });
        }
        expect(wrong).toEqual([]);
      }, 180_000);
    }
  });
}

test('2.24 a cancelled run ends with EINTR and writes nothing', async () => {
  const file = FILES.find(({ path }) => path.endsWith('skb.bpf.o'))!;
  const word = new Int32Array(new SharedArrayBuffer(4));
  const engine = new EngineBackend(word);
  await engine.open(file.path, file.bytes);
  Atomics.store(word, 0, 1);
  const opts = { data_in: new Uint8Array(64), repeat: 0xffff_ffff };
  const { result } = await engine.run({ object: file.path, program: 'cls', presets: [], opts });
  expect(result).toMatchObject({ errno: 4, retval: null, data_out: null, data_size_out: null });
});
