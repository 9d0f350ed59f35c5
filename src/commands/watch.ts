/** The `watch` command: runs the cases again whenever an object or a case file changes, on a screen of its own. */
import { textArg } from '../args.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import type { CaseRunner } from '../runner/case-runner.ts';
import type { WatchDoor } from '../watch/door.ts';
import type { Args, Command, CommandIo } from './command.ts';
import { runOnce } from './test.ts';

const ENDING = ['SIGTERM', 'SIGHUP'] as const;

function objectsOf(args: Args): string[] {
  const given = args.object;
  if (given === undefined) return [];
  return (Array.isArray(given) ? given : [given]).map(String);
}

/** The engine in a thread, or the kernel, which is asked before there is a screen to say that it cannot be used. */
async function openRunner(args: Args): Promise<CaseRunner> {
  const backend = textArg(args, 'backend') ?? 'engine';
  if (backend === 'engine') return new (await import('../runner/client.ts')).WorkerRunner();
  return (await import('../runner/judged-runner.ts')).openJudgedRunner(backend);
}

/** Opens the screen, watches until the user quits, and puts the terminal back whatever happens. */
async function watch(args: Args, io: CommandIo): Promise<ExitCode> {
  const { WatchDoor } = await import('../watch/door.ts');
  const runner = await openRunner(args);
  const door = new WatchDoor(io.cwd, args.ascii === true);
  const release = io.onInterrupt(() => door.send({ do: 'interrupt' }));
  const end = () => door.finish(EXIT.INTERRUPTED);
  // Whoever stopped us left the terminal in some state of theirs.
  const redraw = () => door.send({ do: 'redraw' });
  for (const signal of ENDING) process.on(signal, end);
  process.on('SIGCONT', redraw);
  const screen = await io.openScreen(door);
  try {
    return await runSession(args, io, runner, door);
  } finally {
    await screen.close();
    for (const signal of ENDING) process.off(signal, end);
    process.off('SIGCONT', redraw);
    release();
  }
}

/** The session behind the screen, which is drawn while this is loaded. */
async function runSession(args: Args, io: CommandIo, runner: CaseRunner, door: WatchDoor): Promise<ExitCode> {
  const { WatchSession } = await import('../watch/session.ts');
  const { redirectConsole } = await import('../watch/console.ts');
  const request = {
    cwd: io.cwd,
    ...(args.config === undefined ? {} : { config: String(args.config) }),
    filters: [],
    objects: objectsOf(args),
  };
  const session = new WatchSession({ request, runner, store: door.store, poll: args.poll === true, ascii: door.ascii });
  const giveBack = redirectConsole((line, loud) => session.note(line, loud));
  try {
    door.open(session);
    void session.start();
    return await session.done;
  } finally {
    giveBack();
  }
}

/** A dumb terminal cannot move its cursor: it gets the text of one run. */
function holdsScreen(io: CommandIo): boolean {
  return io.isTerminal && io.env.TERM !== 'dumb';
}

export const command: Command = {
  command: 'watch [object..]',
  describe: 'Run cases again whenever an object or a case file changes',
  options: (yargs) =>
    yargs
      .positional('object', { type: 'string', describe: 'Only these objects and their cases' })
      .option('config', { type: 'string', requiresArg: true, describe: 'Config file, instead of the nearest one' })
      .option('backend', {
        type: 'string',
        requiresArg: true,
        describe: 'engine, kernel (needs root), or both: the kernel as judge of the engine',
      })
      .option('ascii', { type: 'boolean', describe: 'Draw with the characters of ASCII alone' })
      .option('poll', { type: 'boolean', describe: 'Ask the file system again and again (NFS, containers)' })
      .example('$0 watch', 'everything of the project around the current directory')
      .example('$0 watch build/lb.o', 'one object, its cases and its load errors'),
  run: (args, io) => (holdsScreen(io) ? watch(args, io) : runOnce(args, io, objectsOf(args))),
};
