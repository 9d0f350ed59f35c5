/** Watch mode that builds: sources are watched, what does not compile is shown with its line, a missing compiler names its package. */
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { MAIN } from '../support/balancer-copy.ts';
import { FaultProject } from '../support/fault-project.ts';
import { KEY, TerminalRun } from '../support/terminal.ts';

setDefaultTimeout(240_000);

let project: FaultProject | null = null;
let running: TerminalRun | null = null;

afterEach(() => {
  running?.kill();
  project?.remove();
  running = null;
  project = null;
});

/** A compiler that copies what was compiled before, and complains of a word as clang does: `SOURCE OBJECT`. */
const COMPILER = `line=$(grep -n BROKEN "$1" | head -n 1 | cut -d: -f1)
if [ -n "$line" ]; then
  echo "$1:$line:5: error: use of undeclared identifier 'BROKEN'" >&2
  exit 1
fi
cp "made/$(basename "$1" .bpf.c).o" "$2.tmp" && mv "$2.tmp" "$2"
`;

function start(command: string): TerminalRun {
  project = new FaultProject();
  project.moveObjects('made');
  project.write('compile.sh', COMPILER);
  const build = JSON.stringify({ sources: 'bpf/*.bpf.c', command });
  project.write(
    'bpfdeck.config.ts',
    `export default { objects: 'build/*.o', cases: 'test/*.case.ts', build: ${build} };\n`,
  );
  running = new TerminalRun([process.execPath, MAIN, 'watch'], { cwd: project.root, columns: 100, rows: 30 });
  return running;
}

test('what is not there is built at the start, then again when its source changes; a mistake is shown until it is mended', async () => {
  const screen = start('sh compile.sh {source} {object}');
  await screen.until('3 failed');
  expect(screen.text()).not.toContain('waiting for it');
  const good = project!.text('bpf/printk.bpf.c');
  project!.write('bpf/printk.bpf.c', `int x;\nint BROKEN;\n${good}`);
  await screen.until('bpf/printk.bpf.c:2');
  await screen.until("use of undeclared identifier 'BROKEN'");
  expect(screen.text()).toMatch(/1 file error/);
  await screen.until('▸ 2 │ int BROKEN;');
  screen.type(KEY.enter);
  await screen.until('It is built again as soon as a source is saved.');
  screen.type(KEY.escape);
  project!.write('bpf/printk.bpf.c', good);
  await screen.until((text) => !text.includes('file error') && text.includes('3 failed'));
  await screen.until(/build\/printk\.o rebuilt/);
  screen.type('q');
  expect(await screen.end()).toBe(1);
});

test('a header that changes builds everything', async () => {
  const screen = start('sh compile.sh {source} {object}');
  await screen.until('3 failed');
  project!.write('bpf/shared.h', '#define X 1\n');
  await screen.until(
    (text) => (text.match(/\.bpf\.c built in/g) ?? []).length + (text.match(/rebuilt/g) ?? []).length > 1,
  );
  screen.type('L');
  await screen.until('─ Log ─');
  await screen.until((text) => text.split('printk.bpf.c built in').length > 2);
  screen.type('qq');
  await screen.end();
});

test('a compiler that is not installed', async () => {
  const screen = start('clang-99 -c {source} -o {object}');
  await screen.until(/clang-99 is not installed: \S+/);
  await screen.until(/1 file error · 3 waiting/);
  screen.type('q');
  expect(await screen.end()).toBe(1);
});
