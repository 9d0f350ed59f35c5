#!/usr/bin/env bun
/** The entry of the command line: hands the process to the command that the words name, and its exit code to the shell. */
import { VERSION } from './version.ts';

/** Commands that open one. */
const SCREENS: ReadonlySet<string> = new Set(['watch', 'live']);

async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  // Loaded only now: what reads the rest of the words takes longer than the question above.
  const { processIo } = await import('./process-io.ts');
  const ui = () => import('../ui/index.ts');
  const io = processIo(async (store) => (await ui()).openScreen(store));
  // The screen's libraries take the longest: they are loaded while the words are read. What goes wrong is said when it is opened.
  if (io.isTerminal && SCREENS.has(argv[0] ?? '')) void ui().then(({ load }) => load().catch(() => {}));
  const { cli } = await import('./cli.ts');
  return cli(argv, io);
}

process.exitCode = await main(process.argv.slice(2));
