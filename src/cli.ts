/** Reads the command line with yargs, runs the command it names, and turns every way to fail into one sentence and an exit code. */
import yargs, { type Argv } from 'yargs';
import type { Args, Command, CommandIo } from './commands/command.ts';
import { COMMANDS } from './commands/index.ts';
import { plain } from './format/sanitize.ts';
import { EXIT, type ExitCode, InputError } from './input-error.ts';
import { didYouMean } from './suggest.ts';
import { VERSION } from './version.ts';

const PARSER = {
  'camel-case-expansion': false,
  'dot-notation': false,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
} as const;
const HELP_WIDTH = 110;

/** The words do not fit the commands: usage error, with where to look. */
class UsageError extends InputError {}

function commandName(command: Command): string {
  return command.command.split(' ')[0]!;
}

/** Options yargs knows at the point of failure; the method is public, its type is not declared. */
function knownOptions(parser: Argv): string[] {
  const options = (parser as unknown as { getOptions(): { key: Record<string, unknown> } }).getOptions();
  return Object.keys(options.key);
}

/** Which word of the command named is not there: `run needs <object>`. */
function missingWord(argv: readonly string[]): string {
  const command = COMMANDS.find((known) => argv.includes(commandName(known)));
  const needed = /<\w+>/.exec(command?.command ?? '')?.[0];
  return command && needed ? `${commandName(command)} needs ${needed}` : 'a word is missing after the command';
}

/** yargs' complaint in our words: what is unknown and what was meant, by the dashes the user typed. */
function usageSentence(message: string, parser: Argv, argv: readonly string[]): string {
  const unknown = /^Unknown (?:command|argument)s?: (.*)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown !== undefined) {
    const typed = argv.find((word) => word.replace(/^--?(no-)?/, '').split('=')[0] === unknown && word.startsWith('-'));
    if (typed !== undefined) {
      return `there is no option ${typed.split('=')[0]}${didYouMean(unknown, knownOptions(parser), '--')}`;
    }
    const first = argv.find((word) => !word.startsWith('-'));
    if (first === unknown) return `there is no command ${unknown}${didYouMean(unknown, COMMANDS.map(commandName))}`;
    return `there is one word too many: ${unknown}`;
  }
  if (/^Not enough arguments following: /.test(message)) return `--${message.slice(32)} needs a value`;
  if (/^Not enough non-option arguments/.test(message)) return missingWord(argv);
  return message;
}

function parserFor(argv: readonly string[], choose: (command: Command, args: Args) => void): Argv {
  let parser = yargs([...argv])
    .scriptName('bpfdeck')
    .usage('$0 <command> …\n\nRuns and tests BPF programs in userspace the way the kernel does (BPF_PROG_RUN).')
    .parserConfiguration(PARSER)
    .option('color', { type: 'boolean', default: undefined, describe: 'Colours in the output (--no-color: none)' })
    .strict()
    .help()
    .alias('help', 'h')
    .version(VERSION)
    .wrap(Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH))
    .epilogue(
      'Exit codes: 0 ok · 1 a case failed, or a run ended in a fault or an errno · 2 usage · 3 no case · 4 not loadable',
    )
    .fail((message, error) => {
      throw error && !message ? error : new UsageError(usageSentence(message, parser, argv));
    });
  for (const command of COMMANDS) {
    parser = parser.command({
      command: command.command,
      describe: command.describe,
      builder: command.options,
      handler: (args) => choose(command, args),
    });
  }
  return parser;
}

async function runCommand(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  const chosen: { command: Command; args: Args }[] = [];
  await parserFor(argv, (command, args) => chosen.push({ command, args })).parseAsync();
  const [one] = chosen;
  if (one) return one.command.run(one.args, io);
  throw new UsageError(`say what to do: ${COMMANDS.map(commandName).join(', ')}`);
}

function report(thrown: unknown, argv: readonly string[], io: CommandIo): ExitCode {
  const name = io.errorStyle.red('bpfdeck:');
  if (thrown instanceof InputError) {
    const word = COMMANDS.map(commandName).find((known) => argv.includes(known));
    const help = thrown instanceof UsageError ? ` (see bpfdeck ${word === undefined ? '' : `${word} `}--help)` : '';
    io.err(`${name} ${plain(thrown.message)}${help}\n`);
    return thrown.exitCode;
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  io.err(
    `${name} internal error, a bug of bpfdeck: ${plain(error.message)}. Please report it with the command line and the object` +
      `${io.env.DEBUG ? '' : '; DEBUG=1 shows where'}\n`,
  );
  if (io.env.DEBUG) io.err(`${error.stack ?? ''}\n`);
  return EXIT.INTERNAL;
}

/** Runs one command line to its end. Never throws. */
export async function cli(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  try {
    return await runCommand(argv, io);
  } catch (thrown) {
    return report(thrown, argv, io);
  }
}
