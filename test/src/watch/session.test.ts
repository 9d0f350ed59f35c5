/** A watch session on real files and a backend that does what it is told: what is picked up, what runs again, what stops. */
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalRunner } from '../../../src/runner/case-runner.ts';
import type { ViewModel } from '../../../src/view.ts';
import { WatchSession } from '../../../src/watch/session.ts';
import { FakeBackend, type FakeProgram, fakeObject } from '../../support/fake-backend.ts';

const PATIENCE_MS = 4000;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

const lb = (program: FakeProgram) => fakeObject({ programs: { xdp_lb: program } });
const fw = fakeObject({ programs: { xdp_fw: { retval: 2 } } });
const CASES = {
  'test/lb.case.ts': `import { test } from 'bpfdeck';
import { verdict } from './shared.ts';
test({ name: 'tx', object: 'build/lb.o', program: 'xdp_lb', expect: { retval: verdict } });`,
  'test/fw.case.ts': `import { test } from 'bpfdeck';
test({ name: 'pass', object: 'build/fw.o', program: 'xdp_fw', expect: { retval: 'XDP_PASS' } });`,
  'test/shared.ts': `export const verdict = 'XDP_TX';`,
  'bpfdeck.config.ts': `export default { objects: 'build/*.o', cases: 'test/*.case.ts' };`,
};

class Scene {
  readonly root = mkdtempSync(join(tmpdir(), 'watch-'));
  readonly backend = new FakeBackend();
  readonly session: WatchSession;

  constructor(files: Record<string, string | Uint8Array> = {}, options: { objects?: string[]; poll?: boolean } = {}) {
    const all = { ...CASES, 'build/lb.o': lb({ retval: 3 }), 'build/fw.o': fw, ...files };
    for (const [name, content] of Object.entries(all)) this.write(name, content);
    const request = { cwd: this.root, filters: [], objects: options.objects ?? [] };
    this.session = new WatchSession({ request, runner: new LocalRunner(this.backend), poll: options.poll ?? false });
    cleanups.push(async () => {
      await this.session.finish(0);
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  /** As compilers do: under another name, then renamed. */
  replace(name: string, content: string | Uint8Array): void {
    this.write(`${name}.tmp`, content);
    renameSync(this.path(`${name}.tmp`), this.path(name));
  }

  get view(): ViewModel {
    return this.session.getSnapshot();
  }

  get counts(): string {
    return this.view.counts.map((span) => span.text).join('');
  }

  get run(): string {
    return this.view.run.map((span) => span.text).join('');
  }

  get waiting(): boolean {
    return this.view.rows.some((row) => row.right.some((span) => span.text.includes('waiting')));
  }

  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        if (!holds()) return;
        stop();
        clearTimeout(timer);
        resolve();
      };
      const stop = this.session.subscribe(done);
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`never came: ${this.run} | ${this.counts}`));
      }, PATIENCE_MS);
    });
  }

  async started(): Promise<this> {
    await this.session.start();
    await this.until(() => !this.view.running && this.run.includes('run 1'));
    return this;
  }

  programsRun(): string[] {
    return this.backend.runs.map((request) => request.program);
  }
}

test('all cases run at the start', async () => {
  const scene = await new Scene().started();
  expect(scene.counts).toBe('2 passed (2)');
  expect(scene.view.badge.text).toBe('✓ PASS');
});

test('an object replaced by rename runs its own cases and no others', async () => {
  const scene = await new Scene().started();
  scene.replace('build/lb.o', lb({ retval: 1 }));
  await scene.until(() => scene.counts.startsWith('1 failed'));
  expect(scene.run).toStartWith('build/lb.o rebuilt · run 2');
  expect(scene.programsRun()).toEqual(['xdp_fw', 'xdp_lb', 'xdp_lb']);
});

test('an object deleted, and built again', async () => {
  const scene = await new Scene().started();
  rmSync(scene.path('build/lb.o'));
  await scene.until(() => scene.view.badge.text === '· WAIT');
  scene.write('build/lb.o', lb({ retval: 1 }));
  await scene.until(() => scene.counts.startsWith('1 failed'));
  expect(scene.run).toStartWith('build/lb.o built');
});

test('a directory removed and made again, twice', async () => {
  const scene = await new Scene().started();
  for (const retval of [1, 3]) {
    rmSync(scene.path('build'), { recursive: true });
    await scene.until(() => scene.waiting);
    scene.write('build/fw.o', fw);
    scene.write('build/lb.o', lb({ retval }));
    const wanted = retval === 3 ? '2 passed (2)' : '1 failed · 1 passed (2)';
    await scene.until(() => scene.counts === wanted && !scene.waiting);
  }
});

test('a slow writer: nothing is opened before the object is whole', async () => {
  const scene = await new Scene().started();
  const whole = fakeObject({ programs: { xdp_lb: { retval: 1 } } });
  scene.write('build/lb.o', whole.subarray(0, 40));
  await scene.until(() => true);
  scene.write('build/lb.o', whole.subarray(0, 50));
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(scene.counts).toBe('2 passed (2)');
  scene.write('build/lb.o', whole);
  await scene.until(() => scene.counts.startsWith('1 failed'));
});

test('an object that stays half written is said to be so', async () => {
  const scene = await new Scene().started();
  scene.write('build/lb.o', lb({ retval: 1 }).subarray(0, 40));
  const shown = () => scene.view.rows.some((row) => row.right.some((span) => span.text.includes('half written')));
  await scene.until(shown);
  scene.replace('build/lb.o', lb({ retval: 3 }));
  await scene.until(() => !shown() && scene.counts === '2 passed (2)');
});

test('a case file that is broken, then mended', async () => {
  const scene = await new Scene().started();
  scene.write('test/lb.case.ts', `import { test } from 'bpfdeck';\ntest({ name: 'tx', `);
  await scene.until(() => scene.counts.includes('1 file error'));
  expect(scene.view.rows[0]).toMatchObject({ kind: 'error' });
  expect(scene.view.detail.some((item) => item.code)).toBe(true);
  scene.write('test/lb.case.ts', CASES['test/lb.case.ts']);
  await scene.until(() => scene.counts === '2 passed (2)');
});

test('a module that a case file imports runs the cases of that file', async () => {
  const scene = await new Scene().started();
  scene.write('test/shared.ts', `export const verdict = 'XDP_DROP';`);
  await scene.until(() => scene.counts.startsWith('1 failed'));
  expect(scene.run).toStartWith('test/shared.ts saved · run 2');
  expect(scene.programsRun()).toEqual(['xdp_fw', 'xdp_lb', 'xdp_lb']);
});

test('a file of bytes that a case names runs the cases of its file', async () => {
  const text = CASES['test/fw.case.ts'].replace('expect:', "data_in: { file: 'data/frame.bin' }, expect:");
  const files = { 'test/fw.case.ts': text, 'data/frame.bin': new Uint8Array([1, 2]) };
  const scene = await new Scene(files).started();
  scene.write('data/frame.bin', new Uint8Array([3, 4, 5]));
  await scene.until(() => scene.run.startsWith('data/frame.bin saved · run 2') && !scene.view.running);
  expect(scene.backend.runs.at(-1)?.opts.data_in).toEqual(new Uint8Array([3, 4, 5]));
  expect(scene.programsRun()).toHaveLength(3);
});

test('only the case under the cursor is told in full, and why it fails; the next one when the cursor comes to it', async () => {
  const fails = (name: string) =>
    `test({ name: '${name}', object: 'build/lb.o', program: 'xdp_lb', expect: { retval: 'XDP_DROP' } });`;
  const text = `import { test } from 'bpfdeck';\n${['a', 'b', 'c'].map(fails).join('\n')}`;
  const scene = await new Scene({ 'test/lb.case.ts': text }).started();
  const inFull = () => scene.view.detail.some((item) => item.label === 'took');
  await scene.until(() => scene.backend.traced.length === 1 && inFull());
  expect(scene.view.detail[0]?.lines[0]?.[0]?.text).toBe('a');
  scene.session.send({ do: 'move', by: 1 });
  await scene.until(() => scene.backend.traced.length === 2 && inFull());
  expect(scene.view.detail[0]?.lines[0]?.[0]?.text).toBe('b');
});

test('two builds in quick succession: the last one has the last word', async () => {
  const scene = await new Scene().started();
  for (let nth = 1; nth <= 5; nth++) {
    scene.replace('build/lb.o', lb({ retval: 1 }));
    scene.replace('build/lb.o', lb({ retval: nth % 2 === 1 ? 3 : 1 }));
    const wanted = nth % 2 === 1 ? '2 passed (2)' : '1 failed · 1 passed (2)';
    await scene.until(() => scene.counts === wanted && !scene.view.running);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(scene.counts).toBe(wanted);
  }
});

test('a new case file and a removed one', async () => {
  const scene = await new Scene().started();
  scene.write('test/new.case.ts', CASES['test/fw.case.ts'].replace("'pass'", "'new'"));
  await scene.until(() => scene.counts === '3 passed (3)');
  rmSync(scene.path('test/new.case.ts'));
  await scene.until(() => scene.counts === '2 passed (2)');
});

test('a changed config reads and runs everything; a broken one leaves everything as it was', async () => {
  const scene = await new Scene().started();
  scene.write('bpfdeck.config.ts', CASES['bpfdeck.config.ts'].replace('test/*.case.ts', 'test/fw.case.ts'));
  await scene.until(() => scene.run.startsWith('bpfdeck.config.ts saved · run 2'));
  expect(scene.counts).toBe('1 passed (1)');
  scene.write('bpfdeck.config.ts', 'export default 5;');
  await scene.until(() => scene.counts.includes('1 file error'));
  expect(scene.counts).toContain('1 passed');
  scene.write('bpfdeck.config.ts', CASES['bpfdeck.config.ts']);
  await scene.until(() => scene.counts === '2 passed (2)');
});

test('a change during a run stops it, and it runs again with what was left', async () => {
  const scene = new Scene({ 'build/lb.o': lb({ retval: 3, takes_ms: 60_000 }) });
  void scene.session.start();
  await scene.until(() => scene.view.running);
  scene.replace('build/lb.o', lb({ retval: 3 }));
  await scene.until(() => scene.counts === '2 passed (2)');
  expect(scene.view.history).toHaveLength(1);
});

test('interrupt stops the run under way, then ends the session with 130', async () => {
  const scene = new Scene({ 'build/lb.o': lb({ takes_ms: 60_000 }) });
  void scene.session.start();
  await scene.until(() => scene.view.running);
  scene.session.send({ do: 'interrupt' });
  await scene.until(() => scene.view.badge.text === '· STOPPED');
  scene.session.send({ do: 'interrupt' });
  expect(await scene.session.done).toBe(130);
});

test('while paused, changes wait and are counted', async () => {
  const scene = await new Scene().started();
  scene.session.send({ do: 'pause' });
  scene.replace('build/lb.o', lb({ retval: 1 }));
  await scene.until(() => scene.run === 'paused, 1 change held back');
  expect(scene.counts).toBe('2 passed (2)');
  scene.session.send({ do: 'pause' });
  await scene.until(() => scene.counts.startsWith('1 failed'));
});

test('a runs all again, r what the cursor is on', async () => {
  const scene = await new Scene().started();
  scene.session.send({ do: 'rerun-all' });
  await scene.until(() => scene.run.includes('run 2') && !scene.view.running);
  expect(scene.run).toStartWith('a: all cases');
  scene.session.send({ do: 'edge', end: 'last' });
  scene.session.send({ do: 'rerun-selected' });
  await scene.until(() => scene.run.startsWith('r: tx · run 3') && !scene.view.running);
  expect(scene.programsRun()).toHaveLength(5);
});

test('quitting gives the exit code of what is on the screen', async () => {
  const scene = await new Scene({ 'build/lb.o': lb({ retval: 1 }) }).started();
  scene.session.send({ do: 'quit' });
  expect(await scene.session.done).toBe(1);
});

test('objects named: only their cases, load errors of those without', async () => {
  const files = { 'build/odd.o': 'text' };
  const scene = await new Scene(files, { objects: ['build/lb.o', 'build/odd.o'] }).started();
  expect(scene.programsRun()).toEqual(['xdp_lb']);
  expect(scene.counts).toBe('1 file error · 1 passed (1)');
  scene.replace('build/odd.o', fakeObject({ programs: { mine: {} } }));
  await scene.until(() => scene.counts === '1 passed (1)');
  expect(scene.view.rows.map((row) => row.name.text)).toContain('mine');
});

test('a first case in an empty directory is picked up, object and all', async () => {
  const scene = new Scene();
  rmSync(scene.path('test'), { recursive: true });
  rmSync(scene.path('build'), { recursive: true });
  rmSync(scene.path('bpfdeck.config.ts'));
  await scene.started();
  expect(scene.view.empty?.title).toBe('There is no project here yet');
  scene.write('deep/down/first.case.ts', CASES['test/fw.case.ts']);
  await scene.until(() => scene.waiting);
  scene.write('build/fw.o', fw);
  await scene.until(() => scene.counts === '1 passed (1)');
  scene.write('bpfdeck.config.ts', "export default { cases: 'none/*.case.ts' };");
  await scene.until(() => scene.view.badge.text === '· NO CASES');
});

test('polling picks up changes as well', async () => {
  const scene = await new Scene({}, { poll: true }).started();
  scene.replace('build/lb.o', lb({ retval: 1 }));
  await scene.until(() => scene.counts.startsWith('1 failed'));
});
