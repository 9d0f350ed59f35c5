/** `run` on damaged objects: whatever the damage, it ends soon with 0, 1 or 4 and one sentence, in-process and as a process. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBackend } from '../../src/backends/engine.ts';
import type { CommandIo } from '../../src/commands/command.ts';
import { runWith } from '../../src/commands/run-command.ts';
import { plain } from '../../src/format/sanitize.ts';
import { makeStyle } from '../../src/format/style.ts';
import { InputError } from '../../src/input-error.ts';
import { cli, fixture } from '../support/cli.ts';
import {
  cutAnywhere,
  cutAtSections,
  type Damaged,
  flipBytes,
  hugeHeader,
  hugeWord,
  randomFrom,
} from '../support/damage.ts';

const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-damaged-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Objects and the program asked for: maps, globals, subprograms, tail calls, callbacks, no BTF, CO-RE. */
const VICTIMS = [
  ['map-hash', 'every_answer'],
  ['map-in-map', 'by_length'],
  ['globals', 'use_globals'],
  ['tail-calls', 'tail_by_length'],
  ['callbacks', 'each_hash'],
  ['subprograms', 'call_deep'],
  ['legacy', 'old_style'],
  ['core', 'relocate'],
] as const;
const COPIES = 500;
const PROCESSES = 24;
const AT_ONCE = 4;
const LIMIT_MS = 2000;
const PACKET = `hex:ffffffffffff0200000000010800${'45'.padEnd(100, '0')}`;

/** All cuts at sections, then each other kind of damage in turn, until there are enough. */
function damages(bytes: Uint8Array, count: number, random: () => number): Damaged[] {
  const kinds = [cutAnywhere, flipBytes, hugeHeader, hugeWord, flipBytes, hugeWord];
  const copies = cutAtSections(bytes).slice(0, count);
  for (let i = 0; copies.length < count; i++) copies.push(kinds[i % kinds.length]!(bytes, random));
  return copies;
}

interface Said {
  code: number;
  out: string;
  err: string;
}

/** As src/cli.ts runs the command, with the engine in this thread. */
async function runHere(path: string, program: string): Promise<Said> {
  const said: Said = { code: -1, out: '', err: '' };
  const io: CommandIo = {
    ...{ cwd: dir, env: {}, isTerminal: false, style: makeStyle(false), errorStyle: makeStyle(false) },
    out: (text) => {
      said.out += typeof text === 'string' ? text : '';
    },
    err: (text) => {
      said.err += text;
    },
    stdin: async () => new Uint8Array(0),
    onInterrupt: () => () => {},
    openScreen: () => Promise.reject(new Error('no screen here')),
  };
  const args = { object: path, words: [program], 'data-in': PACKET, budget: '20000000' };
  try {
    said.code = await runWith({ first: new EngineBackend(), judge: null }, args, io);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    said.code = error.exitCode;
    said.err = `bpfdeck: ${plain(error.message)}\n`;
  }
  return said;
}

const random = randomFrom(20);
const copies = VICTIMS.flatMap(([name, program]) =>
  damages(new Uint8Array(readFileSync(fixture(name))), Math.ceil(COPIES / VICTIMS.length), random).map(
    (damaged) => ({ name, program, damaged }) as const,
  ),
);

function check(said: Said, what: string, hopeless: boolean): void {
  const allowed = hopeless ? [4] : [0, 1, 4];
  if (!allowed.includes(said.code)) throw new Error(`${what}: exit code ${said.code}: ${said.err}`);
  expect(said.out + said.err).not.toMatch(/\n\s+at .*:\d+:\d+|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  if (said.code === 4) expect(said.err.trimEnd()).toMatch(/^bpfdeck: [^\n]+$/);
}

describe('damaged objects', () => {
  test(`${COPIES} copies in this process`, async () => {
    const slow: string[] = [];
    for (const { name, program, damaged } of copies) {
      const what = `${name}: ${damaged.what}`;
      const path = join(dir, 'copy.o');
      writeFileSync(path, damaged.bytes);
      const started = performance.now();
      check(await runHere(path, program), what, damaged.hopeless);
      if (performance.now() - started > LIMIT_MS) slow.push(what);
    }
    expect(slow).toEqual([]);
  }, 120_000);

  test('some of them as processes', async () => {
    const step = Math.floor(copies.length / PROCESSES);
    const chosen = copies.filter((_, i) => i % step === 0);
    for (let at = 0; at < chosen.length; at += AT_ONCE) {
      const group = chosen.slice(at, at + AT_ONCE).map(async ({ name, program, damaged }, i) => {
        const path = join(dir, `copy-${i}.o`);
        writeFileSync(path, damaged.bytes);
        const said = await cli(['run', path, program, '--data-in', PACKET]);
        check(said, `${name}: ${damaged.what}`, damaged.hopeless);
      });
      await Promise.all(group);
    }
  }, 120_000);
});
