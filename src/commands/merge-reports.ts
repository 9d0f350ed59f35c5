/** The `merge-reports` command: reports of several machines become one, with the exit code of the whole. */
import type { ExitCode } from '../input-error.ts';
import type { Args, Command, CommandIo } from './command.ts';
import { openReporters, words } from './reporter-options.ts';

async function merge(args: Args, io: CommandIo): Promise<ExitCode> {
  const { mergedEvents } = await import('../merge-reports.ts');
  const { emptySummary, exitCodeOf, summarize } = await import('../runner/summary.ts');
  const events = mergedEvents(words(args.file), io.cwd);
  const reporters = await openReporters(args, io, io.cwd);
  let summary = emptySummary();
  for (const event of events) {
    summary = summarize(summary, event);
    for (const reporter of reporters) reporter.event(event);
  }
  for (const reporter of reporters) reporter.finish(summary);
  return exitCodeOf(summary, args['pass-with-no-tests'] === true);
}

export const command: Command = {
  command: 'merge-reports <file..>',
  describe: 'Make one report of several (--shard on several machines)',
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'Reports written with --reporter json:FILE or ndjson:FILE' })
      .option('reporter', { type: 'string', requiresArg: true, describe: 'NAME[:FILE], repeatable, as in test' })
      .option('pass-with-no-tests', { type: 'boolean', describe: 'No case at all is no error' })
      .example('$0 merge-reports part-*.ndjson --reporter junit:all.xml', 'one JUnit file of all parts'),
  run: merge,
};
