/** The commands of the command line, in the order --help lists them. */
import type { Command } from './command.ts';
import { completionCommand } from './completion.ts';
import { command as conformancePlugin } from './conformance-plugin.ts';
import { command as doctor } from './doctor.ts';
import { command as explain } from './explain.ts';
import { command as init } from './init.ts';
import { command as inspect } from './inspect.ts';
import { command as live } from './live.ts';
import { command as mergeReports } from './merge-reports.ts';
import { command as run } from './run.ts';
import { command as schema } from './schema.ts';
import { command as test } from './test.ts';
import { command as watch } from './watch.ts';

export const COMMANDS: readonly Command[] = [
  run,
  live,
  inspect,
  explain,
  doctor,
  test,
  watch,
  init,
  mergeReports,
  schema,
  completionCommand(() => COMMANDS),
  conformancePlugin,
];
