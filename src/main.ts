#!/usr/bin/env bun
/** The entry of the command line: hands the process to the command that the words name, and its exit code to the shell. */
import { cli } from './cli.ts';
import { processIo } from './process-io.ts';

const io = processIo(async (store) => (await import('../ui/index.ts')).openScreen(store));
process.exitCode = await cli(process.argv.slice(2), io);
