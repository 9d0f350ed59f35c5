/** Functions of a program replaced by programs of further objects: on the engine, and what stands in the way. */
import { afterAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openObject } from '../../../engine/index.ts';
import type { RunRequest } from '../../../src/backends/backend.ts';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { extensionsIn } from '../../../src/backends/extensions.ts';
import { ROOT } from '../../support/cli.ts';

const file = (name: string) => join(ROOT, 'fixtures/loader', `${name}.bpf.o`);
const [TARGET, EXTENSION] = [file('extended'), file('extension')];
const read = (path: string) => new Uint8Array(readFileSync(path));

const engine = new EngineBackend();
for (const path of [TARGET, EXTENSION]) await engine.open(path, read(path));
afterAll(() => engine.close());

const step = { program: 'dispatch', presets: [], opts: { data_in: new Uint8Array(70), env: { time_ns: 77n } } };
const run = (more: Partial<RunRequest> = {}) => engine.run({ object: TARGET, ...step, ...more });

function spec(path: string) {
  const opened = openObject({ path, bytes: read(path) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

test('the further object’s program runs in place of the function, with maps, time and functions of its own', async () => {
  expect((await run()).result).toMatchObject({ errno: 0, retval: 10_020 });
  const { result, maps } = await run({ with: [EXTENSION], more: [step] });
  expect(result).toMatchObject({ errno: 0, retval: 10_035 });
  const own = maps.find(({ name }) => name === 'extension.bpf.o#.bss')!.entries[0]!.value;
  expect([...new BigUint64Array(own.slice().buffer)]).toEqual([70n, 77n]);
  expect((await run()).result?.retval).toBe(10_020);
});

test('a fault in it names its own line', async () => {
  const tight = { ...step, opts: { ...step.opts, budget: 25 } };
  const { result } = await run({ with: [EXTENSION], ...tight });
  expect(result?.fault?.file).toContain('extension.bpf.c');
});

test('coverage is of each program as it stands in its object', async () => {
  const counting = new EngineBackend();
  for (const path of [TARGET, EXTENSION]) await counting.open(path, read(path));
  await counting.run({ object: TARGET, ...step, with: [EXTENSION], counted: true });
  await counting.run({ object: TARGET, ...step, counted: true });
  const covered = await counting.coverage();
  const executed = (path: string, program: string, func: string) => {
    const one = covered.find((lines) => lines.object === path && lines.program === program)!;
    return one.functions.find(({ name }) => name === func)!.hits;
  };
  expect(executed(TARGET, 'dispatch', 'dispatch')).toBe(2);
  expect(executed(TARGET, 'dispatch', 'second')).toBe(1);
  expect(executed(EXTENSION, 'instead', 'instead')).toBe(1);
  expect(executed(EXTENSION, 'instead', 'half')).toBe(1);
  await counting.close();
});

test('what names no global function of what runs is a mistake', async () => {
  const { refusal } = await run({ with: [EXTENSION], program: 'alone' });
  expect(refusal).toMatchObject({
    stage: 'run',
    message: 'extension.bpf.o#instead replaces second, which is no global function of alone: it has none',
  });
});

test('only sections without a question mark replace something, and a section has to say what', () => {
  const [target, extension] = [spec(TARGET), spec(EXTENSION)];
  const world = [
    { label: '', spec: target },
    { label: 'e.o', spec: extension },
  ];
  const found = extensionsIn(world, ['dispatch', 'alone']).map((one) => [one.program, one.target, one.func.name]);
  expect(found).toEqual([['instead', 'dispatch', 'second']]);
  const [instead] = extension.programs;
  const nameless = { ...extension, programs: [{ ...instead!, attach_target: '' }] };
  expect(() => extensionsIn([world[0]!, { label: 'e.o', spec: nameless }], ['dispatch'])).toThrow(
    'e.o#instead: its section does not say which function it replaces',
  );
});
