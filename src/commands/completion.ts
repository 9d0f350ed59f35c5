/** The `completion` command: prints a script by which a shell completes commands, options and files. */
import { EXIT, InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { Args, Command, CommandIo } from './command.ts';

const BACKENDS = ['engine', 'kernel', 'both'];

async function complete(args: Args, io: CommandIo, commands: readonly Command[]) {
  const { SHELLS, completionScript } = await import('../completion.ts');
  const { REPORTER_NAMES } = await import('../reporters/index.ts');
  const shell = String(args.shell);
  if (!(SHELLS as readonly string[]).includes(shell)) {
    throw new InputError(`there is no completion for ${shell}${didYouMean(shell, SHELLS) || `: ${SHELLS.join(', ')}`}`);
  }
  const choices = { reporter: REPORTER_NAMES, backend: BACKENDS, shell: SHELLS };
  io.out(completionScript(shell as (typeof SHELLS)[number], commands, choices));
  return EXIT.OK;
}

/** `commands`: all of them, this one included. */
export const completionCommand = (commands: () => readonly Command[]): Command => ({
  command: 'completion <shell>',
  describe: 'Print the completion script for bash, zsh or fish',
  options: (yargs) =>
    yargs
      .positional('shell', { type: 'string', describe: 'bash, zsh or fish' })
      .example('source <($0 completion bash)', 'in ~/.bashrc')
      .example('$0 completion zsh > ~/.zfunc/_bpfdeck', 'with ~/.zfunc in fpath')
      .example('$0 completion fish > ~/.config/fish/completions/bpfdeck.fish', 'where fish looks'),
  run: (args, io) => complete(args, io, commands()),
});
