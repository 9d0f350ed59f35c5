/** `bpfdeck conformance-plugin`: speaks the plugin protocol of the public bpf_conformance suite, one process a test. */
import type { Command } from './command.ts';

export const command: Command = {
  command: 'conformance-plugin [memory] [rest..]',
  describe: 'Run raw instructions from standard input, as bpf_conformance asks its plugins',
  options: (yargs) =>
    yargs
      .positional('memory', { type: 'string', describe: 'Memory that r1 points to, as hex; r2 is its length' })
      .positional('rest', { type: 'string', describe: 'Ignored, and so are unknown options' })
      .strict(false)
      .example("echo 'b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00' | $0 conformance-plugin", 'prints 2a'),
  run: async (args, io) => (await import('./conformance-command.ts')).conformanceCommand(args, io),
};
