/** A compiler's complaints become errors with file, line and frame; a missing tool names its package. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildErrors, missingTool } from '../../../src/build/errors.ts';
import { commandFor, objectOf, settleBuilds } from '../../../src/build/rules.ts';

const root = mkdtempSync(join(tmpdir(), 'build-errors-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, 'lb.bpf.c'), 'int a;\n\tint b = c;\nint d;\n');

const CLANG = `lb.bpf.c:2:10: error: use of undeclared identifier 'c'
    2 |         int b = c;
lb.bpf.c:1:5: warning: unused variable 'a' [-Wunused-variable]
1 warning and 1 error generated.
`;

test('errors, not warnings, with the line and a caret under the column', () => {
  const errors = buildErrors({ command: 'clang', code: 1, output: CLANG }, root, join(root, 'bpfdeck.config.ts'));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({
    file: join(root, 'lb.bpf.c'),
    line: 2,
    message: "use of undeclared identifier 'c'",
  });
  expect(errors[0]?.frame).toContain('▸ 2 │     int b = c;');
  expect(errors[0]?.frame).toContain('    │             ^');
});

test("make's directory is where its paths begin", () => {
  const output = `make: Entering directory '${root}/bpf'\n${CLANG}make: *** [Makefile:3: lb.o] Error 1\n`;
  const [error] = buildErrors({ command: 'make -C bpf', code: 2, output }, root, 'c');
  expect(error?.file).toBe(join(root, 'bpf', 'lb.bpf.c'));
});

test('a tool that is missing', () => {
  expect(missingTool('clang', 0)).toBe('clang is not installed: apt-get install clang');
  expect(missingTool('clang-19', 0)).toBe('clang-19 is not installed: apt-get install clang-19');
  expect(missingTool('clang', 4)).toBe('clang is not installed: brew install llvm');
  expect(missingTool('frobnicate', 0)).toBe('frobnicate is not installed');
  const shell = { command: 'clang -c x.c', code: 127, output: 'sh: 1: clang: not found\n' };
  expect(buildErrors(shell, root, 'c')[0]).toMatchObject({ file: 'c', line: 0 });
  expect(buildErrors(shell, root, 'c')[0]?.message).toStartWith('clang is not installed: ');
});

test('what says no line is shown as it is, control characters apart', () => {
  const [error] = buildErrors({ command: 'make', code: 2, output: 'no\u001b[31m rule\n' }, root, 'c');
  expect(error?.message).toBe('make ended with 2');
  expect(error?.frame?.join('')).not.toContain('\u001b');
});

test('rules: a command watches what it works on, a source has its object', () => {
  const [make] = settleBuilds('make -C bpf');
  expect(make).toMatchObject({ each: false, sources: ['bpf/**/*.c'], headers: ['bpf/**/*.h'] });
  const [each] = settleBuilds({ sources: 'bpf/*.bpf.c' });
  expect(objectOf(each!, 'bpf/lb.bpf.c')).toBe('build/lb.o');
  expect(commandFor(each!, "bpf/it's.bpf.c")).toBe(
    "clang -O2 -g -target bpf -c 'bpf/it'\\''s.bpf.c' -o 'build/it'\\''s.o'",
  );
  expect(each?.headers).toEqual(['bpf/**/*.h']);
});

test.each([[7], [{ source: 'x' }], [{ sources: [] }], [{ sources: 'a', command: 3 }]])('%o is refused', (build) => {
  expect(() => settleBuilds(build as never)).toThrow();
});
