/** Runs `bpfdeck live`: in a thread, with a line an interval or a screen, to its end or to Ctrl-C. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { flagArg } from '../args.ts';
import { jsonLine, jsonText } from '../format/json-text.ts';
import { EXIT, type ExitCode, fileError, InputError } from '../input-error.ts';
import type { StartLive } from '../live/backend.ts';
import { captureFile } from '../live/capture.ts';
import { isRefusal } from '../live/client.ts';
import { intervalOf } from '../live/interval.ts';
import { metricsText } from '../live/metrics.ts';
import { serveMetrics } from '../live/metrics-server.ts';
import { startOf } from '../live/start.ts';
import { factsOf } from '../live/state.ts';
import type { LiveEnd, LiveSample } from '../live/types.ts';
import type { Args, CommandIo } from './command.ts';
import { liveCommandLine } from './live-equal.ts';
import { type LiveInput, readLiveInput } from './live-job.ts';
import { intervalJson, summaryJson } from './live-json.ts';
import { intervalLine, totals } from './live-lines.ts';
import { refused } from './live-refused.ts';
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

function writeCapture(input: LiveInput, end: LiveEnd, io: CommandIo): void {
  if (input.capture === null) return;
  try {
    writeFileSync(resolve(io.cwd, input.capture), captureFile(end.captured, input.request.network.devices).bytes);
  } catch (error) {
    throw fileError('write', input.capture, error);
  }
}

function finish(input: LiveInput, end: LiveEnd, io: CommandIo): ExitCode {
  writeCapture(input, end, io);
  const facts = factsOf(input.request, end.sample);
  io.out(input.json ? jsonLine(summaryJson(input, end, facts)) : totals(input, end, facts, io.style));
  if (end.fault !== null || end.errno !== 0) return EXIT.FAILED;
  return end.stopped ? EXIT.INTERRUPTED : EXIT.OK;
}

/** Signals that end it as Ctrl-C does: the terminal must be as it was. */
const ENDING = ['SIGTERM', 'SIGHUP'] as const;

/** On the terminal's other screen; the totals are printed when it is gone. */
async function screenRun(
  start: StartLive,
  input: LiveInput,
  notes: readonly string[],
  args: Args,
  io: CommandIo,
): Promise<ExitCode> {
  const { request, ingress } = input;
  const { LiveSession } = await import('../live/session.ts');
  const session = new LiveSession({
    ...{ start, request, ingress, ascii: flagArg(args, 'ascii'), cwd: io.cwd, note: notes.join(' · ') },
    sample_ms: 1000 / input.fps,
    command: (chosen) => liveCommandLine(args, chosen),
  });
  const end = () => session.send({ do: 'interrupt' });
  const redraw = () => session.send({ do: 'redraw' });
  const release = io.onInterrupt(end);
  for (const signal of ENDING) process.on(signal, end);
  process.on('SIGCONT', redraw);
  try {
    const screen = await io.openScreen(session);
    const { end, interrupted } = await session.done.finally(() => screen.close());
    if (isRefusal(end)) return refused(input, end, io);
    const code = finish(input, end, io);
    return interrupted || code === EXIT.FAILED ? code : EXIT.OK;
  } finally {
    for (const signal of ENDING) process.off(signal, end);
    process.off('SIGCONT', redraw);
    release();
    session.close();
  }
}

async function plainRun(start: StartLive, input: LiveInput, io: CommandIo): Promise<ExitCode> {
  const client = start(input.request, input.interval_ms, printer(input, io));
  const stop = () => client.stop();
  const release = io.onInterrupt(stop);
  process.on('SIGTERM', stop);
  try {
    const end = await client.done;
    return isRefusal(end) ? refused(input, end, io) : finish(input, end, io);
  } finally {
    process.off('SIGTERM', stop);
    release();
    client.close();
  }
}

interface Metrics {
  /** Begins a run whose samples are served. */
  readonly start: StartLive;
  /** '' where nothing is served. */
  readonly url: string;
  close(): void;
}

async function openMetrics({ metrics, request, ingress, backend }: LiveInput, start: StartLive): Promise<Metrics> {
  if (metrics === null) return { start, url: '', close: () => {} };
  let newest: LiveSample | null = null;
  const server = await serveMetrics(metrics, () => {
    return newest === null ? '' : metricsText(request, newest, ingress, backend);
  });
  const watched: StartLive = (asked, sample_ms, onSample) =>
    start(asked, sample_ms, (sample) => {
      newest = sample;
      onSample(sample);
    });
  return { start: watched, url: server.url, close: server.close };
}

export async function liveCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  let input: LiveInput;
  try {
    input = await readLiveInput(args, io);
  } catch (thrown) {
    if (thrown instanceof InputError && args.json === true) io.out(jsonText(usageJson(thrown)));
    throw thrown;
  }
  const screen = io.isTerminal && io.env.TERM !== 'dumb' && !input.json;
  if (input.backend === 'both' && input.metrics !== null)
    throw new InputError('--metrics goes with one backend: --backend both runs twice, to compare');
  if (input.backend === 'both') return (await import('./live-both.ts')).bothRun(input, io);
  const metrics = await openMetrics(input, await startOf(input.backend));
  const notes = [input.note, metrics.url === '' ? '' : `metrics at ${metrics.url}`].filter((note) => note !== '');
  try {
    if (screen) return await screenRun(metrics.start, input, notes, args, io);
    for (const note of notes) io.err(`${note}\n`);
    return await plainRun(metrics.start, input, io);
  } finally {
    metrics.close();
  }
}
