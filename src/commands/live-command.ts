/** Runs `bpfdeck live`: in a thread, with a line an interval or a screen, to its end or to Ctrl-C. */
import { jsonLine, jsonText } from '../format/json-text.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import { isRefusal, LiveClient } from '../live/live-client.ts';
import { intervalOf } from '../live/live-interval.ts';
import type { LiveEnd, LiveSample } from '../live/live-types.ts';
import type { LiveFacts } from '../live-why.ts';
import type { Args, CommandIo } from './command.ts';
import { errorJson } from './error-json.ts';
import { type LiveInput, readLiveInput } from './live-job.ts';
import { intervalJson, summaryJson } from './live-json.ts';
import { intervalLine, totals } from './live-lines.ts';
import { refusalText } from './refusal-text.ts';
import { usageJson } from './run-command.ts';

/** Prints what came since the sample before. */
function printer(input: LiveInput, io: CommandIo): (sample: LiveSample) => void {
  let before: LiveSample | null = null;
  return (sample) => {
    if (before !== null && sample.report.frames > 0) {
      const interval = intervalOf(before, sample);
      io.out(input.json ? jsonLine(intervalJson(interval)) : intervalLine(input.ingress, interval));
    }
    before = sample;
  };
}

function factsOf(input: LiveInput, { report, devmaps }: LiveSample): LiveFacts {
  const { network, data_in } = input.request;
  return { report, devmaps, devices: network.devices, length: data_in.length };
}

function finish(input: LiveInput, end: LiveEnd, io: CommandIo): ExitCode {
  const facts = factsOf(input, end.sample);
  io.out(input.json ? jsonLine(summaryJson(input, end, facts)) : totals(input, end, facts, io.style));
  if (end.fault !== null || end.errno !== 0) return EXIT.FAILED;
  return end.stopped ? EXIT.INTERRUPTED : EXIT.OK;
}

async function plainRun(input: LiveInput, io: CommandIo): Promise<ExitCode> {
  const client = new LiveClient(input.request, input.interval_ms, printer(input, io));
  const release = io.onInterrupt(() => client.stop());
  try {
    const end = await client.done;
    if (!isRefusal(end)) return finish(input, end, io);
    if (input.json) io.out(jsonText(errorJson(input.request.program, end)));
    io.err(`${io.errorStyle.red('bpfdeck:')} ${refusalText(input.request.path, end)}\n`);
    if (end.stage !== 'run') return EXIT.NOT_LOADED;
    return end.errno === 0 ? EXIT.USAGE : EXIT.FAILED;
  } finally {
    release();
    client.close();
  }
}

export async function liveCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  let input: LiveInput;
  try {
    input = await readLiveInput(args, io);
  } catch (thrown) {
    if (thrown instanceof InputError && args.json === true) io.out(jsonText(usageJson(thrown)));
    throw thrown;
  }
  return plainRun(input, io);
}
