/** The commands of the command line, in the order --help lists them. */
import type { Command } from './command.ts';

export const COMMANDS: readonly Command[] = [];
