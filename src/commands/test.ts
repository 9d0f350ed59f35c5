/** The `test` command: runs the project's cases once and says which of them hold. */
import type { ExitCode } from '../input-error.ts';
import type { Args, Command, CommandIo } from './command.ts';

function words(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Runs once with the reporters asked for; every case by name where standard output is no terminal. */
export async function runOnce(args: Args, io: CommandIo, objects: readonly string[]): Promise<ExitCode> {
  const { testRun } = await import('../test-run.ts');
  const { openReporter } = await import('../reporters/index.ts');
  const { WorkerRunner } = await import('../runner-client.ts');
  const chosen = words(args.reporter);
  const names = chosen.length > 0 ? chosen : [io.isTerminal ? 'default' : 'verbose'];
  const stop = new AbortController();
  const release = io.onInterrupt(() => stop.abort());
  const runner = new WorkerRunner();
  try {
    return await testRun({
      request: {
        cwd: io.cwd,
        ...(args.config === undefined ? {} : { config: String(args.config) }),
        filters: words(args.filter),
        objects,
      },
      runner,
      reporters: (root) => names.map((name) => openReporter(name, io.cwd, { out: io.out, style: io.style, root })),
      signal: stop.signal,
      bail: args.bail === true,
      passWithNoTests: args['pass-with-no-tests'] === true,
    });
  } finally {
    release();
    await runner.close();
  }
}

export const command: Command = {
  command: 'test [filter..]',
  describe: 'Run the cases of the project once',
  options: (yargs) =>
    yargs
      .positional('filter', { type: 'string', describe: 'Only cases whose file, object, program or name holds a word' })
      .option('config', { type: 'string', requiresArg: true, describe: 'Config file, instead of the nearest one' })
      .option('reporter', {
        type: 'string',
        requiresArg: true,
        describe: 'NAME[:FILE], repeatable: default, verbose (every case by name), json',
      })
      .option('bail', { type: 'boolean', describe: 'Stop at the first case that does not pass' })
      .option('pass-with-no-tests', { type: 'boolean', describe: 'No case at all is no error' })
      .example('$0 test', 'all cases of the project around the current directory')
      .example('$0 test xdp_lb ipv6', 'cases with either word in their file, object, program or name')
      .example('$0 test --reporter json:results.json --reporter default', 'a JSON document and the usual text'),
  run: (args, io) => runOnce(args, io, []),
};
