/** `bpfdeck inspect`: what is inside an object, without running any of it. */
import type { Argv } from 'yargs';
import type { Command } from './command.ts';

function options(yargs: Argv): Argv {
  return yargs
    .positional('object', { type: 'string', describe: 'ELF object with BPF programs' })
    .option('program', { type: 'string', requiresArg: true, describe: 'Only this program' })
    .option('disasm', { type: 'boolean', describe: 'Instructions, with the source lines they come from' })
    .option('btf', {
      type: 'string',
      requiresArg: true,
      describe: 'Kernel types for CO-RE: raw BTF, or an ELF file with .BTF',
    })
    .option('json', { type: 'boolean', describe: 'One JSON object on standard output' })
    .example('$0 inspect lb.o', 'programs, maps, variables, types, and the kernel they need')
    .example('$0 inspect lb.o --program xdp_lb --disasm', 'one program, instruction by instruction')
    .example("$0 inspect lb.o --json | jq '.programs[].name'", 'for scripts');
}

export const command: Command = {
  command: 'inspect <object>',
  describe: 'Show what an object holds: programs, maps, variables, types, helpers',
  options,
  run: async (args, io) => (await import('./inspect-command.ts')).inspectCommand(args, io),
};
