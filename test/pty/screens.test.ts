/** Filters, search, the screen of a failure, the editor, and what lies over the screen, on a real terminal at two sizes. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { isCapture, readCapture } from '../../src/packet/pcap.ts';
import { MAIN, ProjectCopy } from '../support/balancer-copy.ts';
import { FaultProject } from '../support/fault-project.ts';
import { KEY, TerminalRun } from '../support/terminal.ts';

setDefaultTimeout(240_000);

let project: ProjectCopy;
let faults: FaultProject;
let running: TerminalRun | null = null;

beforeAll(() => {
  project = new ProjectCopy();
  faults = new FaultProject();
});

afterEach(() => {
  running?.kill();
  running = null;
});

afterAll(() => {
  project.remove();
  faults.remove();
});

interface Options {
  readonly cwd?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What terminals put around pasted text. */
const PASTE = { begin: '\u001b[200~', end: '\u001b[201~' };

/** Watches a project until its cases ran. */
async function watch(size: readonly [number, number], options: Options = {}): Promise<TerminalRun> {
  const { cwd = project.root, args = [], env = {} } = options;
  const command = [process.execPath, MAIN, 'watch', ...args];
  const screen = new TerminalRun(command, { cwd, columns: size[0], rows: size[1], env });
  running = screen;
  await screen.until(/PASS|FAIL/);
  return screen;
}

async function quit(screen: TerminalRun): Promise<number> {
  screen.type('q');
  return screen.end();
}

describe.each([
  [80, 24],
  [200, 60],
] as const)('%i by %i', (...size) => {
  test('name filter: live matches, kept by Enter, cleared by Esc', async () => {
    const screen = await watch(size);
    screen.type('tipv6');
    await screen.until(/ name ipv6▌ {2}\d+ cases/);
    expect(screen.text()).not.toContain('ARP goes up');
    screen.type(KEY.enter);
    await screen.until('[name: ipv6]');
    expect(screen.text()).toMatch(/\d+ of 73/);
    screen.type('a');
    await screen.until('a: all cases · run 2');
    expect(screen.text()).toContain('[name: ipv6]');
    screen.type(KEY.escape);
    await screen.until((text) => !text.includes('[name:') && /all · 73/.test(text));
    await quit(screen);
  });

  test('file filter; Esc in the prompt drops what was typed', async () => {
    const screen = await watch(size);
    screen.type('pratelimit');
    await screen.until((text) => text.includes('build/ratelimit.o') && !text.includes('build/l4lb.o  '));
    screen.type(KEY.escape);
    await screen.until((text) => text.includes('build/filter.o') && /all · 73/.test(text));
    await quit(screen);
  });

  test('search: the first match at once, n and N', async () => {
    const screen = await watch(size);
    screen.type('/source hash');
    await screen.until(/ \/ source hash▌ {2}\d+ lines?/);
    screen.type(KEY.enter);
    await screen.until(/match 1 of \d+/);
    expect(screen.text()).toMatch(/▌ +✓ .*source hash/);
    screen.type('n');
    await screen.until(/match 2 of \d+/);
    screen.type('N');
    await screen.until(/match 1 of \d+/);
    screen.type(KEY.escape);
    await screen.until((text) => !text.includes('match'));
    await quit(screen);
  });

  test('only changed: what a rebuilt object made run', async () => {
    const screen = await watch(size);
    project.replace('build/filter.o', project.read('build/filter.o'));
    await screen.until('build/filter.o rebuilt · run 2');
    screen.type('o');
    await screen.until('[only changed]');
    expect(screen.text()).toContain('22 of 73');
    screen.type(KEY.escape);
    await screen.until((text) => !text.includes('[only changed]'));
    await quit(screen);
  });

  test('a failure: headers, bytes, next difference, one pane, next failure, back', async () => {
    const screen = await watch(size, { args: ['--config', 'failing.config.ts'] });
    await screen.until('2 failed');
    screen.type(KEY.enter);
    await screen.until(/HEADER\s+EXPECTED 74 B\s+RECEIVED 74 B/);
    expect(screen.text()).toMatch(/daddr\s+10\.0\.1\.2\s+10\.0\.1\.1/);
    screen.type('d');
    await screen.until(/1 of 3 {2}◂/);
    screen.type('d');
    await screen.until(/2 of 3 {2}◂/);
    screen.type('D');
    await screen.until(/1 of 3 {2}◂/);
    screen.type('x');
    await screen.until('─ Bytes ─');
    expect(screen.text()).toContain('0040');
    screen.type(KEY.escape);
    await screen.until('─ Packet ─');
    screen.type('h');
    await screen.until('─ Headers ─');
    screen.type('h');
    await screen.until('─ Packet ─');
    screen.type('m');
    await screen.until((text) => text.includes('─ Maps ─') && !text.includes('─ Packet ─'));
    screen.type('m]');
    await screen.until(/2 of 2 failed|· 2\/2/);
    screen.type('[');
    await screen.until(/1 of 2 failed|· 1\/2/);
    screen.type(KEY.escape);
    await screen.until('─ Cases ─');
    await quit(screen);
  });

  test('a fault: its place in the source, with the lines around it', async () => {
    const screen = await watch(size, { cwd: faults.root });
    screen.type(KEY.enter);
    await screen.until(/Faulted here.*▸ +8 │ +return \*\(\(volatile __u8 \*\)DATA\(ctx\) \+ 2000\);/s);
    screen.type('s');
    await screen.until((text) => text.includes('Faulted here') && !text.includes('─ Packet ─'));
    await screen.until(/6 │ int packet_out_of_bounds/);
    screen.type(']]');
    await screen.until('3 of 3 failed');
    screen.type('l');
    await screen.until((text) => text.includes('─ printk ─') && text.includes('length 47'));
    await quit(screen);
  });

  test('run screen: a case by hand, a packet typed, a mistake, the history, a case made of a run', async () => {
    const screen = await watch(size);
    screen.type('/ARP goes up');
    await screen.until(/ \/ ARP goes up▌ {2}1 line/);
    screen.type(KEY.enter);
    await screen.until('match 1 of 1');
    screen.type('3');
    await screen.until(/packet +case: ARP goes up to the stack/);
    expect(screen.text()).toMatch(/program +balance/);
    screen.type(KEY.enter);
    await screen.until('✓ XDP_PASS (2)');
    expect(screen.text()).toMatch(/HEADER\s+SENT 60 B\s+RECEIVED 60 B/);
    await screen.until(/▸ 556 │ +default: return XDP_PASS;/);
    screen.type('eff');
    await screen.until(' packet ff▌');
    screen.type(KEY.enter);
    await screen.until(/packet +ff/);
    screen.type(KEY.enter);
    await screen.until('EINVAL (22)');
    screen.type(`${PASTE.begin}00000000: ffff ffff ffff  ......\r${PASTE.end}`);
    await screen.until(/packet +ffff ffff ffff +e: hex/);
    screen.type('[');
    await screen.until('1 of 2 runs');
    screen.type('c');
    await screen.until('wrote test/run-1.case.ts');
    screen.type('1');
    await screen.until('74 passed');
    expect(new TextDecoder().decode(project.read('test/run-1.case.ts'))).toContain("expect: { retval: 'XDP_PASS' }");
    rmSync(project.path('test/run-1.case.ts'));
    await screen.until('73 passed');
    await quit(screen);
  });

  test('over the screen: help of every key, the log, the equal command', async () => {
    const screen = await watch(size, { args: ['--config', 'failing.config.ts'] });
    await screen.until('2 failed');
    screen.type('?');
    await screen.until('move the cursor, scroll what is open');
    screen.type('G');
    await screen.until('a case file that expects what this run gave');
    screen.type('?');
    await screen.until('─ Cases ─');
    screen.type('L');
    await screen.until((text) => text.includes('─ Log ─') && !text.includes('─ Cases ─'));
    screen.type(KEY.escape);
    await screen.until('─ Cases ─');
    screen.type('@');
    await screen.until('bpfdeck run build/l4lb.o balance');
    expect(screen.text()).toContain('bpfdeck test');
    screen.type(KEY.escape);
    await screen.until('─ Cases ─');
    await quit(screen);
  });
});

test('w writes the packets of a case beside the config', async () => {
  const screen = await watch([100, 30], { args: ['--config', 'failing.config.ts'] });
  await screen.until('2 failed');
  screen.type(KEY.enter);
  await screen.until('EXPECTED');
  screen.type('w');
  screen.type(KEY.escape);
  await screen.until('wrote a-new-flow-goes-to-the-second-backend.pcapng');
  const bytes = project.read('a-new-flow-goes-to-the-second-backend.pcapng');
  expect(isCapture(bytes)).toBe(true);
  expect(readCapture(bytes).map((frame) => frame.bytes.length)).toEqual([54, 74, 74]);
  await quit(screen);
});

test('u shows new expected values first; n leaves them, y writes them', async () => {
  const screen = await watch([100, 30], { args: ['--config', 'failing.config.ts'] });
  const before = project.read('failing/l4lb.case.ts');
  await screen.until('2 failed');
  screen.type('G');
  await screen.until(/▌ +\S+ \S+/);
  screen.type('/no VIP is dropped');
  await screen.until('1 line');
  screen.type(KEY.enter);
  screen.type('u');
  await screen.until('─ New expected values ─');
  await screen.until(/\+ .*XDP_PASS/);
  screen.type('n');
  await screen.until('─ Cases ─');
  expect(project.read('failing/l4lb.case.ts')).toEqual(before);
  screen.type('u');
  await screen.until('Write this? y / n');
  screen.type('y');
  await screen.until('1 failed · 2 passed');
  expect(new TextDecoder().decode(project.read('failing/l4lb.case.ts'))).toContain("expect: { retval: 'XDP_PASS' }");
  project.write('failing/l4lb.case.ts', before);
  await screen.until('2 failed');
  await quit(screen);
});

test('y copies the id of the case by OSC 52', async () => {
  const screen = await watch([100, 30], { args: ['--config', 'failing.config.ts'] });
  await screen.until('2 failed');
  screen.type('y');
  await screen.until('copied failing/l4lb.case.ts');
  const sent = /\u001b\]52;c;([A-Za-z0-9+/=]+)\u0007/.exec(screen.raw)?.[1] ?? '';
  expect(Buffer.from(sent, 'base64').toString()).toContain('build/l4lb.o › balance › a new flow');
  await quit(screen);
});

/** An editor that says what it was called with, waits for a key of its own, and writes that down. */
const EDITOR = `#!/bin/sh
printf 'editor: %s %s\\r\\n' "$1" "$2"
old=$(stty -g)
stty -icanon -echo min 1
key=$(dd bs=1 count=1 2>/dev/null)
stty "$old"
printf '%s' "$key" > "$2.key"
`;

test('e and E: the editor has the terminal at the line, then the screen is back', async () => {
  faults.write('editor.sh', EDITOR);
  chmodSync(faults.path('editor.sh'), 0o755);
  const env = { EDITOR: faults.path('editor.sh'), VISUAL: '' };
  const screen = await watch([100, 30], { cwd: faults.root, env });
  screen.type('e');
  await screen.until(/editor: \+\d+ .*faults\.case\.ts/);
  expect(screen.screen.buffer.active.type).toBe('normal');
  screen.type('z');
  await screen.until('─ Cases ─');
  expect(screen.screen.buffer.active.type).toBe('alternate');
  expect(readFileSync(faults.path('test/faults.case.ts.key'), 'utf8')).toBe('z');
  await screen.until('E source');
  screen.type('E');
  await screen.until(/editor: \+8 .*bpf\/packet-out-of-bounds\.bpf\.c/);
  screen.type('z');
  await screen.until('─ Cases ─');
  expect(existsSync(faults.path('bpf/packet-out-of-bounds.bpf.c.key'))).toBe(true);
  expect(await quit(screen)).toBe(1);
});

test('an editor that is not there is an event, not an end', async () => {
  const screen = await watch([100, 30], { cwd: faults.root, env: { EDITOR: 'no-such-editor', VISUAL: '' } });
  screen.type('e');
  await screen.until('there is no no-such-editor');
  await quit(screen);
});

test('a screen reader gets sentences, without frames or signs', async () => {
  const env = { INK_SCREEN_READER: 'true' };
  const screen = await watch([100, 30], { args: ['--config', 'failing.config.ts'], env });
  await screen.until('FAIL 2 failed');
  expect(screen.text()).toContain(
    'failed: a port that is no VIP is dropped: XDP_DROP (1) expected, XDP_PASS (2) received',
  );
  expect(screen.text()).not.toMatch(/[│┌─✗]/);
  expect(await quit(screen)).toBe(1);
});

test('CI in the environment of a terminal leaves the screen a screen', async () => {
  const screen = await watch([100, 30], { env: { CI: 'true' } });
  await screen.until('73 passed');
  screen.type('f?');
  await screen.until('─ Help ─');
  expect(await quit(screen)).toBe(0);
});

test('a dumb terminal gets the plain report of one run', async () => {
  const command = [process.execPath, MAIN, 'watch', '--config', 'failing.config.ts'];
  const screen = new TerminalRun(command, { cwd: project.root, columns: 100, rows: 30, env: { TERM: 'dumb' } });
  running = screen;
  expect(await screen.end()).toBe(1);
  expect(screen.raw).toContain('1 passed, 2 failed');
  expect(screen.raw).not.toContain('\u001b');
});

test('2 gives the terminal to live frames of the chosen case, q takes it back', async () => {
  const screen = await watch([100, 30]);
  screen.type(`/source hash${KEY.enter}`);
  await screen.until('match 1 of');
  screen.type('2');
  await screen.until(/l4lb\.o balance · ingress veth0/);
  await screen.until('RUNNING');
  screen.type('q');
  await screen.until('─ Cases ─');
  await quit(screen);
});

test('Ctrl-Z gives the terminal to the shell as it was, fg brings the screen back', async () => {
  const screen = new TerminalRun(['bash', '--norc', '-i'], { cwd: project.root, env: { PS1: 'shell> ' } });
  running = screen;
  await screen.until('shell>');
  screen.type(`'${process.execPath}' '${MAIN}' watch\n`);
  await screen.until('73 passed');
  screen.type('\u001a');
  await screen.until('Stopped');
  expect(screen.screen.buffer.active.type).toBe('normal');
  screen.type('stty -a | grep -o "[-]*icanon"\n');
  await screen.until(/^icanon/m);
  screen.type('fg\n');
  await screen.until('─ Cases ─');
  screen.type('\u000c?');
  await screen.until('─ Help ─');
  screen.type('?q');
  await screen.until((text) => text.trimEnd().endsWith('shell>'));
  screen.type('exit\n');
  await screen.end();
});
