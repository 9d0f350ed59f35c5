/** Runs one program as `bpfdeck run` asks: opens the object, runs, reports for people or as JSON, writes what was asked for. */
import type { ObjectSpec, Refusal } from '../../engine/index.ts';
import type { Backend, RunReply } from '../backends/backend.ts';
import { presetUpdates } from '../backends/presets.ts';
import { jsonText } from '../format/json-text.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import type { Args, CommandIo } from './command.ts';
import { errorJson } from './error-json.ts';
import { refusalText } from './refusal-text.ts';
import { chooseProgram, type RunInput, readRunInput, runRequest } from './run-job.ts';
import { runJson } from './run-json.ts';
import { writeOutputs } from './run-outputs.ts';
import { runReport } from './run-report.ts';
import { readRunWords } from './run-words.ts';

/** What a run was and what came of it. */
export interface RunDone {
  readonly input: RunInput;
  readonly spec: ObjectSpec;
  readonly program: string;
  /** PROG_TYPE it ran as. */
  readonly type: number;
  readonly backend: Backend['name'];
  readonly reply: RunReply;
}

/** The sentence and the exit code of a refusal: an object or program that does not load, or a request that does not fit it. */
function refuse(input: RunInput, program: string | null, why: Refusal, io: CommandIo): ExitCode {
  if (input.json) io.out(jsonText(errorJson(program, why)));
  io.err(`${io.errorStyle.red('bpfdeck:')} ${refusalText(input.path, why)}\n`);
  return why.stage === 'run' ? EXIT.USAGE : EXIT.NOT_LOADED;
}

function exitCodeOf(reply: RunReply): ExitCode {
  const result = reply.result;
  return result !== null && result.errno === 0 && result.fault === null ? EXIT.OK : EXIT.FAILED;
}

function report(done: RunDone, io: CommandIo): void {
  if (done.input.json) io.out(jsonText(runJson(done)));
  else if (done.input.data_out === '-' || done.input.ctx_out === '-') io.err(runReport(done, io.errorStyle));
  else io.out(runReport(done, io.style));
}

/** Opens, runs and reports with the backend given. */
export async function runWith(backend: Backend, args: Args, io: CommandIo): Promise<ExitCode> {
  const words = readRunWords(Array.isArray(args.words) ? args.words.map(String) : [], args);
  const input = await readRunInput(words.args, io);
  const opened = await backend.open(input.path, input.bytes, input.btf);
  if (opened.spec === null) return refuse(input, words.program, opened.refusal!, io);
  const spec = opened.spec;
  const program = chooseProgram(spec, words.program, input.type);
  presetUpdates(spec, input.presets, input.opts.env?.cpus ?? 1);
  let stopped = false;
  const release = io.onInterrupt(() => {
    stopped = true;
    backend.cancel();
  });
  const reply = await backend.run(runRequest(input, program)).finally(release);
  if (stopped) return EXIT.INTERRUPTED;
  if (reply.refusal !== null) return refuse(input, program.name, reply.refusal, io);
  const type = input.type ?? program.type;
  const done = { input, spec, program: program.name, type, backend: backend.name, reply };
  writeOutputs(done, io);
  report(done, io);
  return exitCodeOf(reply);
}

/** `bpfdeck run`: the engine is in a thread of its own, so that Ctrl-C stops a program that loops. */
export async function runCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  const { openEngine } = await import('../backends/engine-worker.ts');
  const backend = openEngine();
  try {
    return await runWith(backend, args, io);
  } catch (thrown) {
    if (thrown instanceof InputError && args.json === true) io.out(jsonText(usageJson(thrown)));
    throw thrown;
  } finally {
    await backend.close();
  }
}

function usageJson(thrown: InputError): object {
  const stage = thrown.exitCode === EXIT.NOT_LOADED ? 'load' : 'run';
  return errorJson(null, { stage, errno: 0, message: thrown.message, where: {} });
}
