/** Watch mode on a real terminal: a copy of the balancer project is broken and mended, keys are pressed, the terminal is left as it was. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { MAIN, ProjectCopy, withReturn } from '../support/balancer-copy.ts';
import { CRASHING_SCREEN } from '../support/crashing-screen.ts';
import { KEY, TerminalRun } from '../support/terminal.ts';

setDefaultTimeout(240_000);

const XDP_PASS = 2;
const XDP_DROP = 1;
const RESTORED = /\u001b\[\?1049l/;
const CURSOR_SHOWN = /\u001b\[\?25h[^\u001b]*$/;

let project: ProjectCopy;
let running: TerminalRun | null = null;

beforeAll(() => {
  project = new ProjectCopy();
});

afterEach(() => {
  running?.kill();
  running = null;
});

afterAll(() => project.remove());

/** Watches the copy until its cases ran. */
async function watch(options: { columns?: number; rows?: number; args?: string[]; env?: Record<string, string> } = {}) {
  const { args = [], ...rest } = options;
  const screen = new TerminalRun([process.execPath, MAIN, 'watch', ...args], { cwd: project.root, ...rest });
  running = screen;
  await screen.until(/PASS|FAIL/);
  return screen;
}

async function quit(screen: TerminalRun): Promise<number> {
  screen.type('q');
  return screen.end();
}

test('starts with the counts, quits with 0 and leaves the terminal as it was', async () => {
  const screen = await watch();
  expect(screen.text()).toContain('73 passed (73)');
  expect(screen.screen.buffer.active.type).toBe('alternate');
  expect(await quit(screen)).toBe(0);
  expect(screen.screen.buffer.active.type).toBe('normal');
  expect(screen.raw).toMatch(RESTORED);
  expect(screen.raw).toMatch(CURSOR_SHOWN);
});

test('a rebuilt object: the verdict changes with its cause, other objects are kept', async () => {
  const screen = await watch();
  const good = project.read('build/l4lb.o');
  project.replace('build/l4lb.o', withReturn(good, XDP_PASS, XDP_DROP));
  await screen.until('✗ FAIL');
  expect(screen.text()).toMatch(/build\/l4lb\.o rebuilt · run 2/);
  expect(screen.text()).toMatch(/35 rerun, 38 kept/);
  expect(screen.text()).toContain('XDP_PASS (2)');
  project.replace('build/l4lb.o', good);
  await screen.until('✓ PASS');
  expect(screen.text()).toMatch(/\d+ mended/);
  expect(await quit(screen)).toBe(0);
});

test('quitting while cases fail gives 1', async () => {
  const good = project.read('build/l4lb.o');
  project.replace('build/l4lb.o', withReturn(good, XDP_PASS, XDP_DROP));
  const screen = await watch();
  await screen.until('✗ FAIL');
  expect(await quit(screen)).toBe(1);
  project.replace('build/l4lb.o', good);
});

test('a case file with a mistake shows where, and the cases come back', async () => {
  const screen = await watch();
  const good = project.read('test/filter.case.ts');
  project.write('test/filter.case.ts', "import { suite } from 'bpfdeck';\nsuite({ object: ");
  await screen.until('1 file error');
  expect(screen.text()).toContain('test/filter.case.ts:2');
  expect(screen.text()).toContain('51 passed');
  project.write('test/filter.case.ts', good);
  await screen.until('73 passed');
  await quit(screen);
});

test('an object that is removed, with its directory, and built again', async () => {
  const screen = await watch();
  const objects = ['filter.o', 'l4lb.o', 'ratelimit.o'].map((name) => [name, project.read(`build/${name}`)] as const);
  rmSync(project.path('build/filter.o'));
  await screen.until('not there, waiting for it');
  rmSync(project.path('build'), { recursive: true });
  await screen.until((text) => text.split('not there, waiting for it').length === 4);
  mkdirSync(project.path('build'));
  for (const [name, bytes] of objects) project.replace(`build/${name}`, bytes);
  await screen.until((text) => text.includes('✓ PASS') && !text.includes('not there'));
  expect(screen.text()).toContain('73 passed');
  await quit(screen);
});

test('keys: failures alone, all again, rerun, pause, detail, help, back', async () => {
  const screen = await watch({ args: ['--config', 'failing.config.ts'] });
  await screen.until('2 failed');
  screen.type('f');
  await screen.until('[only failed]');
  expect(screen.text()).not.toContain('ARP goes up to the stack');
  screen.type(KEY.escape);
  await screen.until((text) => !text.includes('[only failed]'));
  screen.type('a');
  await screen.until('a: all cases · run 2');
  screen.type('r');
  await screen.until(/r: a new flow.* · run 3/);
  screen.type(' ');
  await screen.until('paused');
  screen.type(' ');
  await screen.until((text) => !text.includes('paused'));
  screen.type(KEY.enter);
  await screen.until(/EXPECTED \d+ B\s+RECEIVED/);
  screen.type(KEY.escape);
  await screen.until('─ Cases ─');
  screen.type('?');
  await screen.until('first and last line');
  screen.type(KEY.escape);
  await screen.until('─ Cases ─');
  screen.type('jjk');
  await screen.until(/▌\s+✗ a port that is no VIP/);
  expect(await quit(screen)).toBe(1);
});

test('Ctrl-C ends an idle session with 130 and restores the terminal', async () => {
  const screen = await watch();
  await screen.until('73 passed');
  screen.type(KEY.interrupt);
  expect(await screen.end()).toBe(130);
  expect(screen.raw).toMatch(RESTORED);
  expect(screen.raw).toMatch(CURSOR_SHOWN);
});

test('Ctrl-C stops a run that lasts, a second one leaves, also when both come at once', async () => {
  const cases = 'Array.from({ length: 500 }, (_, i) => ({ name: String(i), expect: {} }))';
  const shared = "{ object: 'build/l4lb.o', program: 'balance', data_in: pkt.eth().ipv4().tcp(), repeat: 1_000_000 }";
  const long = `import { pkt, suite } from 'bpfdeck';\nsuite(${shared}, ${cases});\n`;
  project.write('test/long.case.ts', long);
  const screen = new TerminalRun([process.execPath, MAIN, 'watch'], { cwd: project.root });
  running = screen;
  await screen.until(/RUN .* of 573 done/);
  screen.type(KEY.interrupt);
  await screen.until('STOPPED');
  screen.type('a');
  await screen.until(/RUN .* of 573 done/);
  screen.type(KEY.interrupt + KEY.interrupt);
  expect(await screen.end()).toBe(130);
  expect(screen.raw).toMatch(RESTORED);
  rmSync(project.path('test/long.case.ts'));
});

test('an object that is none is said once, with what is folded under it', async () => {
  const screen = await watch();
  const good = project.read('build/filter.o');
  project.replace('build/filter.o', new TextEncoder().encode('no object at all '.repeat(20)));
  await screen.until('22 failed');
  await screen.until('not an ELF file');
  expect(screen.text().split('not an ELF file').length).toBeLessThan(5);
  expect(screen.text()).toMatch(/✗ build\/filter\.o/);
  expect(screen.text()).not.toContain('ARP passes');
  project.replace('build/filter.o', good);
  await screen.until('73 passed');
  await quit(screen);
});

test('whoever leaves at the first frame, before cases are read, leaves a terminal as it was', async () => {
  for (const [keys, code] of [
    ['q', 0],
    [KEY.interrupt, 130],
  ] as const) {
    const screen = new TerminalRun([process.execPath, MAIN, 'watch'], { cwd: project.root });
    running = screen;
    await screen.until('bpfdeck');
    screen.type(keys);
    expect(await screen.end()).toBe(code);
    expect(screen.raw).toMatch(RESTORED);
  }
});

test('SIGTERM, SIGHUP and SIGINT from outside restore the terminal', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const screen = await watch();
    await screen.until('73 passed');
    screen.kill(signal);
    expect(await screen.end()).toBe(130);
    expect(screen.raw).toMatch(RESTORED);
    expect(screen.screen.buffer.active.type).toBe('normal');
  }
});

test('a bug while drawing restores the terminal before it is told', async () => {
  const screen = new TerminalRun([process.execPath, CRASHING_SCREEN]);
  running = screen;
  await screen.until('✓ PASS');
  screen.type('a');
  expect(await screen.end()).toBe(70);
  expect(screen.screen.buffer.active.type).toBe('normal');
  expect(screen.text()).toContain('internal error: a bug in the view');
  expect(screen.raw).toMatch(RESTORED);
});

test('what a case file writes to the console becomes an event line', async () => {
  const screen = await watch();
  const good = project.read('test/filter.case.ts');
  project.write('test/filter.case.ts', `console.log('hello from', { a: 1 });\n${new TextDecoder().decode(good)}`);
  await screen.until('hello from { a: 1 }');
  await screen.until('✓ PASS');
  expect(screen.lines()[1]).toContain('73 passed');
  project.write('test/filter.case.ts', good);
  await quit(screen);
});

test('colours and signs: none with NO_COLOR, ASCII alone with --ascii', async () => {
  const plain = await watch({ env: { NO_COLOR: '1' } });
  await plain.until('73 passed');
  await quit(plain);
  expect(plain.raw).not.toMatch(/\u001b\[[0-9;]*3[0-7]m/);
  const ascii = await watch({ args: ['--ascii'] });
  await ascii.until('73 passed');
  expect(ascii.text()).toMatch(/^[\n -~]*$/);
  await quit(ascii);
});

test('objects named: only their cases', async () => {
  const screen = await watch({ args: ['build/filter.o'] });
  await screen.until('22 passed (22)');
  expect(screen.text()).not.toContain('l4lb.o');
  await quit(screen);
});

test('every size holds the screen, also while it changes', async () => {
  const screen = await watch();
  for (const [columns, rows] of [
    [20, 5],
    [59, 15],
    [60, 16],
    [80, 24],
    [120, 40],
    [240, 80],
    [30, 6],
    [100, 30],
  ] as const) {
    screen.resize(columns, rows);
    await screen.until((text) => text.split('\n').length === rows && /PASS/.test(text));
    await screen.until((text) => columns < 60 || rows < 16 || /quit\s*$/.test(text));
    expect(screen.screen.buffer.active.length).toBe(rows);
  }
  await quit(screen);
});
