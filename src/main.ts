#!/usr/bin/env bun
/** The entry of the command line: hands the process to the command that the words name, and its exit code to the shell. */
import { VERSION } from './version.ts';

async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  // Loaded only now: what reads the rest of the words takes longer than the question above.
  const [{ cli }, { processIo }] = await Promise.all([import('./cli.ts'), import('./process-io.ts')]);
  return cli(
    argv,
    processIo(async (store) => (await import('../ui/index.ts')).openScreen(store)),
  );
}

process.exitCode = await main(process.argv.slice(2));
