/** The convention every command follows: words and options declared for yargs, a `run` that gets the outer world handed in and gives the exit code back. */
import type { Argv } from 'yargs';
import type { Style } from '../format/style.ts';
import type { ExitCode } from '../input-error.ts';
import type { LiveStore } from '../live-view.ts';
import type { Screen, Store } from '../view.ts';

/**
 * What yargs parsed: options under their dashed names (`data-in`), never camelCase, `color` false for --no-color.
 * Numbers arrive as text (see args.ts); an option given twice arrives as a list.
 */
export interface Args {
  readonly [name: string]: unknown;
}

/** The process as a command sees it, so that commands run in tests without one. */
export interface CommandIo {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard output is a terminal that can hold a screen. */
  readonly isTerminal: boolean;
  /** Colours for standard output, and for standard error. */
  readonly style: Style;
  readonly errorStyle: Style;
  /** Writes to standard output. Text from objects, packets and programs goes through format/sanitize.ts before. */
  readonly out: (text: string | Uint8Array) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly stdin: () => Promise<Uint8Array>;
  /**
   * Calls `stop` at Ctrl-C instead of ending the process; a second Ctrl-C ends it all the same. Gives back what takes
   * the handler away. A command whose run was stopped returns EXIT.INTERRUPTED.
   */
  readonly onInterrupt: (stop: () => void) => () => void;
  /** The terminal screen, loaded when first asked for. */
  readonly openScreen: (store: Store | LiveStore) => Promise<Screen>;
}

/**
 * A module src/commands/NAME.ts exports `command` of this type and src/commands/index.ts lists it. The module itself
 * imports no more than args and types: what the command needs is imported inside `run`, so that --version and --help
 * stay fast. A mistake of the user is thrown as InputError; main prints its one sentence and exits with its code.
 */
export interface Command {
  /** yargs words: `run <object> [words..]`. */
  readonly command: string;
  readonly describe: string;
  /** Declares options and examples; every value that is no flag as `{ type: 'string', requiresArg: true }`. */
  readonly options: (yargs: Argv) => Argv;
  readonly run: (args: Args, io: CommandIo) => Promise<ExitCode>;
}
