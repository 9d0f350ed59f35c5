/** The `test` command: runs the project's cases once and says which of them hold. */

import { resolve } from 'node:path';
import type { Build } from '../cases/suite.ts';
import { plain } from '../format/sanitize.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import type { Updater } from '../update/run.ts';
import type { Args, Command, CommandIo } from './command.ts';
import { openReporters, words } from './reporter-options.ts';

const WORKERS_MAX = 64;

function number(args: Args, name: string, most: number): number | null {
  const given = args[name];
  if (given === undefined) return null;
  const value = Number(given);
  if (/^\d+$/.test(String(given)) && value <= most) return value;
  throw new InputError(`--${name} ${String(given)} is no number from 0 to ${most}`);
}

async function openRunner(workers: number, backend: string, counted: boolean) {
  if (counted && backend === 'kernel')
    throw new InputError('--coverage is of the engine: the kernel does not say what it executes');
  if (backend !== 'engine') {
    if (workers > 1) throw new InputError(`--workers is for the engine: the kernel backend runs one case at a time`);
    const { openJudgedRunner } = await import('../runner/judged-runner.ts');
    return openJudgedRunner(backend);
  }
  const { WorkerRunner } = await import('../runner/client.ts');
  if (workers < 2) return new WorkerRunner();
  const { ManyRunners } = await import('../runner/many.ts');
  return new ManyRunners(Array.from({ length: workers }, () => new WorkerRunner()));
}

function covers(args: Args): boolean {
  return args.coverage === true || args['coverage-dir'] !== undefined;
}

/** Builds what the config says, unless --no-build. */
function builder(args: Args, io: CommandIo, signal: AbortSignal): Build | null {
  if (args.build === false) return null;
  return async (project) => {
    const { buildOnce } = await import('../build/once.ts');
    return buildOnce(project, { signal, building: (label) => io.err(io.errorStyle.dim(`building ${plain(label)}\n`)) });
  };
}

/** Runs once with the reporters asked for; every case by name where standard output is no terminal. */
export async function runOnce(args: Args, io: CommandIo, objects: readonly string[]): Promise<ExitCode> {
  const { testRun } = await import('../runner/test-run.ts');
  const { parseShard } = await import('../cases/shard.ts');
  const workers = number(args, 'workers', WORKERS_MAX) ?? 1;
  const retries = number(args, 'retries', 1000) ?? 0;
  const shard = args.shard === undefined ? null : parseShard(String(args.shard));
  const request = {
    cwd: io.cwd,
    ...(args.config === undefined ? {} : { config: String(args.config) }),
    filters: words(args.filter),
    objects,
  };
  if (args.list === true) {
    const { listCases } = await import('../runner/test-run.ts');
    return listCases(request, shard, io.out);
  }
  const stop = new AbortController();
  let release = () => {};
  const runner = await openRunner(workers, String(args.backend ?? 'engine'), covers(args));
  let update: Updater | null = null;
  const reporters = async (root: string) => {
    const opened = await openReporters(args, io, root);
    if (args['coverage-dir'] !== undefined) {
      const { lcovWriter } = await import('../coverage/write-lcov.ts');
      opened.push(lcovWriter(resolve(io.cwd, String(args['coverage-dir']))));
    }
    if (args.update !== true) return opened;
    update = (await import('../update/run.ts')).updater({ out: io.out, style: io.style, root });
    return [...opened, update];
  };
  try {
    const code = await testRun({
      coverage: covers(args),
      // Before, Ctrl-C ends the process: a case file that is stuck would not let anybody hear it.
      loaded: () => {
        release = io.onInterrupt(() => stop.abort());
      },
      build: builder(args, io, stop.signal),
      ...{ request, runner, shard, retries, signal: stop.signal, bail: args.bail === true, reporters },
      passWithNoTests: args['pass-with-no-tests'] === true,
    });
    return code === EXIT.FAILED && (update as Updater | null)?.left() === 0 ? EXIT.OK : code;
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
        describe:
          'NAME[:FILE], repeatable: default, verbose (every case by name), dot, json, ndjson, junit, tap, github',
      })
      .option('update', {
        type: 'boolean',
        describe: 'Write what was received into case files; show what is left to edit',
      })
      .option('build', {
        type: 'boolean',
        default: true,
        describe: 'Build what the config says first; --no-build takes the objects as they are',
      })
      .option('list', { type: 'boolean', describe: 'Name the cases, and run none' })
      .option('backend', {
        type: 'string',
        requiresArg: true,
        describe: 'engine, kernel (needs root), or both: the kernel as judge of the engine',
      })
      .option('coverage', { type: 'boolean', describe: 'Say which lines and branches of the sources were executed' })
      .option('coverage-dir', {
        type: 'string',
        requiresArg: true,
        describe: 'The same, and lcov.info written to a directory',
      })
      .option('bail', { type: 'boolean', describe: 'Stop at the first case that does not pass' })
      .option('retries', {
        type: 'string',
        requiresArg: true,
        describe: 'Run a case that does not pass again, N times',
      })
      .option('shard', { type: 'string', requiresArg: true, describe: 'I/N: only this part of the cases' })
      .option('workers', { type: 'string', requiresArg: true, describe: 'Run on N threads (1 unless said)' })
      .option('pass-with-no-tests', { type: 'boolean', describe: 'No case at all is no error' })
      .example('$0 test', 'all cases of the project around the current directory')
      .example('$0 test xdp_lb ipv6', 'cases with either word in their file, object, program or name')
      .example('$0 test --reporter junit:results.xml --reporter default', 'a file for CI and the usual text')
      .example('$0 test --shard 1/2 --reporter ndjson:1.ndjson', 'half of the cases, for merge-reports'),
  run: (args, io) => runOnce(args, io, []),
};
