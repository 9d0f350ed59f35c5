/** `bpfdeck explain`: what BPF_PROG_RUN takes and gives for a program type. */
import type { Argv } from 'yargs';
import type { Command } from './command.ts';

function options(yargs: Argv): Argv {
  return yargs
    .positional('type', { type: 'string', describe: 'Program type: xdp, sched_cls, tc, sk_lookup, …; none lists them' })
    .option('json', { type: 'boolean', describe: 'One JSON object on standard output' })
    .example('$0 explain', 'the types that run')
    .example('$0 explain xdp', 'context fields, sizes, flags and errors of one type');
}

export const command: Command = {
  command: 'explain [type]',
  describe: 'Show what BPF_PROG_RUN takes and gives for a program type',
  options,
  run: async (args, io) => (await import('./explain-command.ts')).explainCommand(args, io),
};
