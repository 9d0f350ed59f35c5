/** The `init` command: writes a config and first cases for the objects it finds. */
import { EXIT } from '../input-error.ts';
import type { Command } from './command.ts';
import { words } from './reporter-options.ts';

export const command: Command = {
  command: 'init [object..]',
  describe: 'Write a config and first cases for the objects here',
  options: (yargs) =>
    yargs
      .positional('object', { type: 'string', describe: 'Objects, instead of every BPF object below this directory' })
      .example('$0 init', 'a project of this directory; files that are there already are kept'),
  run: async (args, io) => {
    const { initProject } = await import('../init/project.ts');
    const written = await initProject(io.cwd, words(args.object));
    const wide = Math.max(...written.map(({ path }) => path.length));
    for (const { path, what, kept } of written) {
      io.out(
        `  ${kept ? io.style.dim('kept ') : io.style.green('wrote')} ${path.padEnd(wide)}  ${io.style.dim(what)}\n`,
      );
    }
    io.out('\nbpfdeck test runs the cases, bpfdeck watch runs them on every change.\n');
    return EXIT.OK;
  },
};
