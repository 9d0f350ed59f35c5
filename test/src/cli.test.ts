/** The frame of the command line: help, version, usage errors, hostile text. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../../src/version.ts';
import { cli, fixture, ROOT } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
const FRAME = `hex:ffffffffffff0200000000010800${'00'.repeat(50)}`;

/** A fixture object with one text in it replaced by another of the same length. */
function patched(name: string, text: string, by: string): string {
  const bytes = readFileSync(fixture(name));
  expect(by).toHaveLength(text.length);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes.write(by, at, 'latin1');
  const path = join(dir, `${name}-${text}.o`);
  writeFileSync(path, bytes);
  return path;
}

test('--version', async () => {
  expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
  expect(await cli(['--version'])).toMatchObject({ code: 0, out: `${VERSION}\n`, err: '' });
});

test.each([
  ['--version', 'version.ts'],
  ['--help', 'version.ts,cli.ts'],
])('%s loads neither the screen nor the engine', async (word, files) => {
  const script = `
    process.argv = ['bun', 'bpfdeck', ${JSON.stringify(word)}];
    const write = process.stdout.write.bind(process.stdout);
    const loaded = () => Object.keys(require.cache).filter((key) => /src.(cli|version)|engine|node_modules.(ink|react)/.test(key));
    process.on('exit', () => write('loaded: ' + loaded().map((key) => key.split('/').at(-1)).join()));
    await import(${JSON.stringify(join(ROOT, 'src/main.ts'))});
  `;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  expect((await new Response(child.stdout).text()).split('loaded: ')[1]).toBe(files);
});

describe('--help', () => {
  test('names every command and the exit codes', async () => {
    const { code, out } = await cli(['--help']);
    expect(code).toBe(0);
    for (const word of ['run', 'inspect', 'test', 'watch', 'Exit codes']) expect(out).toContain(word);
  });

  test.each(['run', 'inspect', 'test', 'watch', 'conformance-plugin'])('of %s has examples', async (word) => {
    const { code, out } = await cli([word, '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Examples:');
    expect(out).toContain(`bpfdeck ${word}`);
  });
});

test.each([
  [[], 'say what to do'],
  [['frobnicate'], 'there is no command frobnicate'],
  [['inspct', 'x.o'], 'there is no command inspct: did you mean inspect?'],
  [['--vresion'], 'there is no option --vresion: did you mean --version?'],
  [['inspect', 'x.o', '--dissasm'], 'there is no option --dissasm: did you mean --disasm?'],
  [['inspect', 'x.o', 'y.o'], 'there is one word too many: y.o'],
  [['inspect'], 'inspect needs <object>'],
])('%j is a usage error', async (args, sentence) => {
  const { code, out, err } = await cli(args);
  expect(err).toStartWith(`bpfdeck: ${sentence}`);
  expect(err).toContain('--help');
  expect(err.trimEnd()).not.toContain('\n');
  expect([code, out]).toEqual([2, '']);
});

describe('text from objects cannot act on the terminal', () => {
  const program = patched('xdp-verdicts', 'verdict_drop', '\u001b[2J\u009bct_\rop\u0007');
  const said = patched('printk', 'length %u', '\u001b[31m\t%u\u0090');

  test.each([
    ['listing programs', ['run', program, '--data-in', FRAME]],
    ['a wrong program', ['run', program, '\u001b[2Jx', '--data-in', FRAME]],
    ['inspect', ['inspect', program]],
    ['inspect --json', ['inspect', program, '--json']],
    ['printk', ['run', said, 'say', '--data-in', FRAME]],
    ['printk in JSON', ['run', said, 'say', '--data-in', FRAME, '--json']],
    ['file names', ['run', 'no\u001b[2J\u009bsuch.o']],
    ['options', ['run', 'x.o', '--\u001b[2Jbad', 'y']],
  ])('%s', async (_what, args) => {
    const { code, out, err } = await cli(args, { env: { FORCE_COLOR: '0' } });
    expect(out + err).not.toMatch(CONTROL);
    expect((out + err).length).toBeGreaterThan(10);
    expect([0, 2, 4]).toContain(code);
  });
});

test('a reader that goes away is no error', async () => {
  const command = `${process.execPath} src/main.ts inspect ${fixture('map-hash')} --json | head -c 1`;
  const child = Bun.spawn(['sh', '-c', `(${command}); true`], { cwd: ROOT, stdout: 'pipe', stderr: 'pipe' });
  expect(await new Response(child.stderr).text()).toBe('');
});
