/** Runs one program as `bpfdeck run` asks: opens the object, runs, reports for people or as JSON, writes what was asked for. */
import type { Refusal } from '../../engine/index.ts';
import { textArg } from '../args.ts';
import type { Backend, RunReply, RunRequest } from '../backends/backend.ts';
import { type Backends, chooseBackends, closeBackends } from '../backends/choose.ts';
import { lastLines } from '../backends/kernel/verifier-log.ts';
import { presetUpdates } from '../backends/presets.ts';
import { labelOf, type World, type WorldObject } from '../backends/world-names.ts';
import { compareReplies, judgeRequest } from '../expect/compare-replies.ts';
import { jsonText } from '../format/json-text.ts';
import { plain } from '../format/sanitize.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import type { Args, CommandIo } from './command.ts';
import { errorJson } from './error-json.ts';
import { refusalText } from './refusal-text.ts';
import type { Judged, RunDone } from './run-done.ts';
import { chooseProgram, type RunInput, readRunInput, runRequest } from './run-job.ts';
import { judgedJson, runJson } from './run-json.ts';
import { writeOutputs } from './run-outputs.ts';
import { labelled, runReport } from './run-report.ts';
import { tracedOf, tracedRequest, writeTrace } from './run-trace.ts';
import { readRunWords } from './run-words.ts';

function exitCodeOfRefusal({ stage }: Refusal): ExitCode {
  return stage === 'run' ? EXIT.USAGE : EXIT.NOT_LOADED;
}

function sayRefusal(input: RunInput, why: Refusal, io: CommandIo, log?: string): void {
  io.err(`${io.errorStyle.red('bpfdeck:')} ${refusalText(input.path, why)}\n${verifierText(log, io.errorStyle)}`);
}

/** How the verifier came to its objection, source lines among the instructions; '' when it said nothing. */
function verifierText(log: string | undefined, style: CommandIo['errorStyle']): string {
  if (log === undefined) return '';
  const lines = lastLines(log, VERIFIER_LINES).map(plain);
  const shown = lines.map((line) => (line.startsWith(';') ? style.bold(line) : style.dim(line)));
  return `${labelled('verifier', shown).join('\n')}\n`;
}

/** An object that does not open. */
function refuse(input: RunInput, program: string | null, why: Refusal, io: CommandIo): ExitCode {
  if (input.json) io.out(jsonText(errorJson(program, why)));
  sayRefusal(input, why, io);
  return exitCodeOfRefusal(why);
}

/** A program that does not load, or a request that does not fit it; and what a judge answers to it. */
function refuseRun(done: RunDone, why: Refusal, io: CommandIo): ExitCode {
  const { input, judged } = done;
  if (input.json) io.out(jsonText({ ...errorJson(done.program, why, done.reply.log), ...judgedJson(done) }));
  sayRefusal(input, why, io, input.json ? undefined : done.reply.log);
  if (judged === null || input.json) return exitCodeOfRefusal(why);
  const answer = { ...done, backend: 'kernel', reply: judged.reply, judged: null } as const;
  if (judged.reply.refusal === null) io.out(`the kernel runs it:\n${runReport(answer, io.style)}`);
  else io.err(`the kernel refuses it, too: ${refusalText(input.path, judged.reply.refusal)}\n`);
  return exitCodeOfRefusal(why);
}

function exitCodeOf({ reply, judged }: RunDone): ExitCode {
  const result = reply.result;
  if (result === null || result.errno !== 0 || result.fault !== null) return EXIT.FAILED;
  return judged !== null && judged.mismatches.length > 0 ? EXIT.FAILED : EXIT.OK;
}

function report(done: RunDone, io: CommandIo): void {
  if (done.input.json) io.out(jsonText(runJson(done)));
  else if ([done.input.data_out, done.input.ctx_out, done.input.trace].includes('-'))
    io.err(runReport(done, io.errorStyle));
  else io.out(runReport(done, io.style));
}

/** Opens the object and those beside it; what cannot be opened is refused. */
async function openAll(backend: Backend, input: RunInput): Promise<World | Refusal> {
  const world: WorldObject[] = [];
  for (const { path, bytes } of [input, ...input.with]) {
    const { spec, refusal } = await backend.open(path, bytes, input.btf);
    if (spec === null)
      return { ...refusal!, message: path === input.path ? refusal!.message : `${path}: ${refusal!.message}` };
    world.push({ label: path === input.path ? '' : labelOf(path), spec });
  }
  return world;
}

async function judge(backend: Backend, input: RunInput, request: RunRequest, reply: RunReply): Promise<Judged> {
  const opened = await openAll(backend, input);
  const other = 'message' in opened ? refused(opened) : await backend.run(judgeRequest(request));
  return { reply: other, mismatches: compareReplies(reply, other) };
}

function refused(refusal: Refusal): RunReply {
  return { result: null, refusal, maps: [], maps_before: [] };
}

/** Of a verifier's log. */
const VERIFIER_LINES = 20;

/** Both backends' answers to a request; null when the user stopped it. */
async function ask(backends: Backends, input: RunInput, request: RunRequest, io: CommandIo) {
  let stopped = false;
  const release = io.onInterrupt(() => {
    stopped = true;
    backends.first.cancel();
    backends.judge?.cancel();
  });
  try {
    const reply = await backends.first.run(request);
    const mistaken = reply.refusal?.stage === 'run';
    if (stopped || mistaken || backends.judge === null) return stopped ? null : { reply, judged: null };
    const judged = await judge(backends.judge, input, request, reply);
    return stopped ? null : { reply, judged };
  } finally {
    release();
  }
}

/** The same once more, traced, where that is asked for; null when it is not, or the user stopped it. */
async function traceAgain(backend: Backend, input: RunInput, world: World, request: RunRequest, io: CommandIo) {
  const again = tracedRequest(input, request, backend.name);
  if (again === null) return null;
  const answer = await ask({ first: backend, judge: null }, input, again, io);
  return tracedOf(world, request, answer?.reply.result?.trace);
}

/** Opens, runs and reports with the backends given. */
export async function runWith(backends: Backends, args: Args, io: CommandIo): Promise<ExitCode> {
  const words = readRunWords(Array.isArray(args.words) ? args.words.map(String) : [], args);
  const input = await readRunInput(words.args, io);
  const world = await openAll(backends.first, input);
  if ('message' in world) return refuse(input, words.program, world, io);
  const { spec } = world[0]!;
  const program = chooseProgram(spec, words.program, input.type);
  presetUpdates(world, input.presets, input.opts.env?.cpus ?? 1);
  const request = runRequest(input, program);
  const answer = await ask(backends, input, request, io);
  if (answer === null) return EXIT.INTERRUPTED;
  const type = input.type ?? program.type;
  const asked = { input, spec, world, program: program.name, type, backend: backends.first.name, ...answer };
  if (answer.reply.refusal !== null) return refuseRun({ ...asked, traced: null }, answer.reply.refusal, io);
  const traced = await traceAgain(backends.first, input, world, request, io);
  const done = { ...asked, traced };
  writeOutputs(done, io);
  if (traced !== null && input.trace !== null) writeTrace(world, traced, input.trace, io);
  report(done, io);
  return exitCodeOf(done);
}

/** `bpfdeck run`: the engine is in a thread of its own, so that Ctrl-C stops a program that loops. */
export async function runCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  let backends: Backends | null = null;
  try {
    backends = await chooseBackends(textArg(args, 'backend') ?? 'engine');
    return await runWith(backends, args, io);
  } catch (thrown) {
    if (thrown instanceof InputError && args.json === true) io.out(jsonText(usageJson(thrown)));
    throw thrown;
  } finally {
    if (backends !== null) await closeBackends(backends);
  }
}

/** A mistake on the command line, for `--json`. */
export function usageJson(thrown: InputError): object {
  const stage = thrown.exitCode === EXIT.NOT_LOADED ? 'load' : 'run';
  return errorJson(null, { stage, errno: 0, message: thrown.message, where: {} });
}
