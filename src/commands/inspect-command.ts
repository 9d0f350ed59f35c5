/** Opens an object and shows what it holds, for people, as JSON, or instruction by instruction. */
import { type Decoded, type ObjectSpec, openObject } from '../../engine/index.ts';
import { flagArg, textArg } from '../args.ts';
import { fileArg } from '../args-input.ts';
import { jsonText } from '../format/json-text.ts';
import { toJson } from '../format/values.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import type { Args, CommandIo } from './command.ts';
import { errorJson } from './error-json.ts';
import { disasmProgram, disasmReport } from './inspect-disasm.ts';
import { inspectReport } from './inspect-report.ts';
import { inspectObject } from './inspect-spec.ts';
import { refusalText } from './refusal-text.ts';
import { chooseProgram } from './run-job.ts';

/** The object with one program alone, when one is asked for. */
function only(spec: ObjectSpec, program: string | undefined): ObjectSpec {
  return program === undefined ? spec : { ...spec, programs: [chooseProgram(spec, program, null)] };
}

/** What --json prints: with --disasm each program has its instructions. */
function plainObject(spec: ObjectSpec, disasm: boolean): unknown {
  const inspected = inspectObject(spec);
  if (!disasm) return inspected;
  const programs = inspected.programs.map((program, i) => ({
    ...program,
    disasm: disasmProgram(spec, spec.programs[i]!),
  }));
  return { ...inspected, programs };
}

export async function inspectCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  const path = String(args.object);
  const btf = textArg(args, 'btf');
  const file = { path, bytes: fileArg(path, io) };
  const opened = openObject(file, btf === undefined ? {} : { btf: fileArg(btf, io) });
  if (!opened.ok) {
    if (flagArg(args, 'json')) io.out(jsonText(errorJson(null, opened.error)));
    io.err(`${io.errorStyle.red('bpfdeck:')} ${refusalText(path, opened.error)}\n`);
    return EXIT.NOT_LOADED;
  }
  const spec = only(opened.value, textArg(args, 'program'));
  const disasm = flagArg(args, 'disasm');
  if (flagArg(args, 'json')) io.out(jsonText(toJson(plainObject(spec, disasm) as Decoded)));
  else if (disasm) io.out(disasmReport(spec, io.style));
  else io.out(inspectReport(inspectObject(spec), io.style));
  return EXIT.OK;
}
