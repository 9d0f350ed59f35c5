/** `bpfdeck doctor`: whether each backend can be used here, and what the running kernel supports. */
import type { Argv } from 'yargs';
import type { Command } from './command.ts';

function options(yargs: Argv): Argv {
  return yargs
    .option('json', { type: 'boolean', describe: 'One JSON object on standard output, with every helper by name' })
    .example('$0 doctor', 'backends, program types, map types, live frames');
}

export const command: Command = {
  command: 'doctor',
  describe: 'Say which backends can be used here, and what the running kernel supports',
  options,
  run: async (args, io) => (await import('./doctor-command.ts')).doctorCommand(args, io),
};
