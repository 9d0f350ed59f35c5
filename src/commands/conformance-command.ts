/** Runs one program of the conformance suite: instructions as hex on standard input, r0 as hex on standard output. */
import { runInsns } from '../../engine/index.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import { parseHex } from '../packet/hex.ts';
import type { Args, CommandIo } from './command.ts';

export async function conformanceCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  const memory = parseHex(String(args.memory ?? ''));
  const code = parseHex(new TextDecoder().decode(await io.stdin()));
  const done = runInsns(code, memory);
  if (!done.ok) {
    io.err(`${done.error.message}\n`);
    return EXIT.FAILED;
  }
  io.out(`${done.value.toString(16)}\n`);
  return EXIT.OK;
}
