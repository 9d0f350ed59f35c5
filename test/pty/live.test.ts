/** The live screen on a real terminal: counters move, keys act at the edges of batches, WHY and the hint say what is wrong, the totals stay behind. */
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCapture } from '../../src/packet/pcap.ts';
import { MAIN, ROOT } from '../support/balancer-copy.ts';
import { KEY, TerminalRun } from '../support/terminal.ts';

setDefaultTimeout(120_000);

const OBJECT = join(ROOT, 'fixtures/bench/b_live.bpf.o');
const PACKET = `hex:02000000000902000000000188b5${'00'.repeat(50)}`;
const DEVICES = ['--dev', 'veth0:peer_xdp=drop', '--dev', 'veth1:peer_xdp=drop', '--map', 'dm=json:{"0":3}'];

let running: TerminalRun | null = null;

afterEach(() => {
  running?.kill();
  running = null;
});

async function live([columns, rows]: readonly [number, number], cwd = ROOT, ...more: string[]): Promise<TerminalRun> {
  const args = ['live', OBJECT, 'lv_redir', '--data-in', PACKET, ...DEVICES, '--rate', '20000', ...more];
  const screen = new TerminalRun([process.execPath, MAIN, ...args], { columns, rows, cwd });
  running = screen;
  await screen.until(/(RUNNING|DONE)[\s\S]*batch/);
  return screen;
}

function batches(text: string): number {
  return Number(/([\d,]+) batches/.exec(text)?.[1]?.replaceAll(',', ''));
}

describe.each([
  [80, 24],
  [100, 30],
] as const)('%i by %i', (...size) => {
  test('a link goes down: WHY, the error and the hint name it; up again', async () => {
    const screen = await live(size);
    await screen.until('nothing is lost that the program did not ask for');
    screen.type('jl');
    await screen.until(/▌veth1 .*DOWN .* down/);
    await screen.until(/xdp_redirect_err ENETDOWN \(-100\)/);
    await screen.until(/hint {2}ip link set veth1 up/);
    screen.type('l');
    await screen.until(/▌veth1 .* up /);
    screen.type('z');
    await screen.until('nothing is lost that the program did not ask for');
    screen.type('q');
    expect(await screen.end()).toBe(0);
    expect(screen.raw).toContain(' on veth0: ');
  });

  test('pause, one batch alone, another batch size, on again', async () => {
    const screen = await live(size);
    screen.type(' ');
    await screen.until('PAUSED');
    const before = batches(screen.text());
    screen.type('B.');
    await screen.until(/Last batch[\s\S]*REDIRECT[ /s\d.k]* 32 /);
    expect(screen.text()).toContain('batch 32');
    expect(batches(screen.text())).toBe(before + 1);
    screen.type(' ');
    await screen.until('RUNNING');
    await screen.until((text) => batches(text) > before + 1);
    screen.type('q');
    expect(await screen.end()).toBe(0);
  });

  test('help; the rate; sorting; totals; Ctrl-C is 130, with the totals', async () => {
    const screen = await live(size);
    screen.type('?');
    await screen.until('pause at the edge of a batch');
    screen.type(KEY.escape);
    await screen.until('Interfaces');
    screen.type('-');
    await screen.until('rate 10.0 k/s');
    screen.type('++');
    await screen.until('rate 50.0 k/s');
    screen.type('d');
    await screen.until(/Interfaces ─+ totals/);
    screen.type(KEY.interrupt);
    expect(await screen.end()).toBe(130);
    expect(screen.raw).toContain('Page pool');
  });
});

test('frames are recorded and written; an error leads to a frame and its line; rings fill; the log and the command line', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-live-'));
  try {
    const screen = await live([100, 30], dir);
    screen.type('R');
    await screen.until(/● REC [1-9]/);
    screen.type('Rw');
    await screen.until(/wrote [\d,]+ frames of 1 link to live-1.pcapng/);
    expect(readCapture(new Uint8Array(readFileSync(join(dir, 'live-1.pcapng')))).length).toBeGreaterThan(0);
    screen.type('jf');
    await screen.until(/▌veth1 .*full .* ring/);
    screen.type('f');
    await screen.until(/▌veth1 .* up /);
    screen.type('l');
    await screen.until(/ENETDOWN/);
    screen.type('\t\r');
    await screen.until(
      /Frame [\d,]+ ─[\s\S]*XDP_REDIRECT \(4\)[\s\S]*b_live\.bpf\.c:\d+[\s\S]*bpf_redirect_map\(dm, 0, 0\)/,
    );
    expect(screen.text()).toContain('PAUSED');
    screen.type(KEY.escape);
    await screen.until('Tracepoint errors');
    screen.type('L');
    await screen.until(/veth1 down/);
    screen.type('L@');
    await screen.until('--rate 20000 --batch-size 64');
    screen.type('q');
    expect(await screen.end()).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the end of the run is shown; small terminals; ASCII', async () => {
  const screen = await live([50, 12], ROOT, '--repeat', '1280', '--ascii');
  await screen.until('DONE');
  expect(screen.text()).toMatch(/pps max/);
  screen.type('q');
  expect(await screen.end()).toBe(0);
});

test('what cannot begin is a sentence, and the terminal is as it was', async () => {
  const args = ['live', OBJECT, 'lv_redir', '--data-in', PACKET, '--batch-size', '257'];
  const screen = new TerminalRun([process.execPath, MAIN, ...args], { columns: 80, rows: 24 });
  running = screen;
  await screen.until('E2BIG');
  expect(await screen.end()).toBe(1);
});

test('a fault stops the run and is named', async () => {
  const object = join(ROOT, 'fixtures/objects/faults/packet-out-of-bounds.bpf.o');
  const screen = new TerminalRun([process.execPath, MAIN, 'live', object, '--data-in', PACKET], {
    columns: 100,
    rows: 30,
  });
  running = screen;
  await screen.until('STOPPED');
  expect(screen.text()).toContain('hint  out of bounds: ');
  screen.type('q');
  expect(await screen.end()).toBe(1);
});
