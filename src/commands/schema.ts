/** The `schema` command: prints the JSON schema of cases written as YAML or JSON, for editors. */
import { EXIT } from '../input-error.ts';
import type { Command } from './command.ts';

export const command: Command = {
  command: 'schema',
  describe: 'Print the JSON schema of *.case.yaml and *.case.json',
  options: (yargs) =>
    yargs.example('$0 schema > case.schema.json', 'for "# yaml-language-server: $schema=case.schema.json"'),
  run: async (_args, io) => {
    const { caseSchema } = await import('../cases/schema.ts');
    io.out(`${JSON.stringify(caseSchema(), null, 2)}\n`);
    return EXIT.OK;
  },
};
