/** `live --backend both`: the run on the engine and on the kernel, and a list of what differs. */
import type { Mismatch } from '../backends/backend.ts';
import { jsonLine } from '../format/json-text.ts';
import { plain } from '../format/sanitize.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import { LiveBoth } from '../live/both.ts';
import { isRefusal } from '../live/client.ts';
import { comparedCounts } from '../live/compare.ts';
import { startOf } from '../live/start.ts';
import { factsOf } from '../live/state.ts';
import type { CommandIo } from './command.ts';
import type { LiveInput } from './live-job.ts';
import { summaryJson } from './live-json.ts';
import { totals } from './live-lines.ts';
import { refused } from './live-refused.ts';

const SHOWN_MAX = 60;

function cut(value: unknown): string {
  const text = value === null ? 'nothing' : plain(String(value));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function mismatchLine({ field, engine, kernel }: Mismatch, { style }: CommandIo): string {
  return `  ${style.bold(plain(field))}\n    engine  ${style.red(cut(engine))}\n    kernel  ${style.green(cut(kernel))}\n`;
}

/** All frames on each side; what differs fails the command. */
export async function bothRun(input: LiveInput, io: CommandIo): Promise<ExitCode> {
  const { request } = input;
  if (request.repeat === Infinity) throw new InputError('--backend both compares a run that ends: say --repeat N');
  const both = new LiveBoth(await startOf('engine'), await startOf('kernel'));
  const release = io.onInterrupt(() => both.stop());
  try {
    const came = await both.run(request);
    if (isRefusal(came)) return refused(input, came, io);
    const { engine, kernel, mismatches } = came;
    const facts = factsOf(request, engine.sample);
    if (input.json) {
      const compared = comparedCounts(kernel);
      io.out(jsonLine({ ...summaryJson(input, engine, facts), compared, mismatches }));
    } else {
      io.out(totals(input, engine, facts, io.style));
      io.out(verdict(engine.stopped || kernel.stopped, comparedCounts(kernel), mismatches, io));
    }
    if (mismatches.length > 0) return EXIT.FAILED;
    return engine.stopped || kernel.stopped ? EXIT.INTERRUPTED : EXIT.OK;
  } finally {
    release();
  }
}

function verdict(
  stopped: boolean,
  { counters, frames }: ReturnType<typeof comparedCounts>,
  mismatches: readonly Mismatch[],
  io: CommandIo,
): string {
  const { style } = io;
  if (stopped) return `${style.yellow('stopped: nothing was compared')}\n`;
  if (mismatches.length === 0) {
    return `${style.green('engine and kernel agree')}: ${counters} counters, ${frames} captured frames, maps and printk\n`;
  }
  const title = `mismatch: ${mismatches.length} of what was compared\n`;
  return `${style.red(title)}${mismatches.map((one) => mismatchLine(one, io)).join('')}`;
}
