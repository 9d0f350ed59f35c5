#!/usr/bin/env bun
import { cli } from './cli.ts';
/** The entry of the command line: hands the process to the command that the words name, and its exit code to the shell. */
import type { ExitCode } from './input-error.ts';
import { processIo } from './process-io.ts';

const io = processIo(async (store) => (await import('../ui/index.ts')).openScreen(store));
const code: ExitCode = await cli(process.argv.slice(2), io);
process.exitCode = code;
