/** The reporters that a command line asks for, with the annotations that GitHub Actions gets by itself. */
import type { Reporter } from '../reporters/reporter.ts';
import type { Args, CommandIo } from './command.ts';

/** Words of an option or positional that may be given once, often or never. */
export function words(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Reporters by name; every case by name where standard output is no terminal. Throws InputError for an unknown one. */
export async function openReporters(args: Args, io: CommandIo, root: string): Promise<Reporter[]> {
  const { openReporter } = await import('../reporters/index.ts');
  const chosen = words(args.reporter);
  const names = chosen.length > 0 ? chosen : [io.isTerminal ? 'default' : 'verbose'];
  const annotate = io.env.GITHUB_ACTIONS === 'true' && !names.some((name) => name.split(':')[0] === 'github');
  const workspace = io.env.GITHUB_WORKSPACE;
  const out = { out: io.out, style: io.style, root, ...(workspace ? { workspace } : {}) };
  return [...names, ...(annotate && !writesDocument(names) ? ['github'] : [])].map((name) =>
    openReporter(name, io.cwd, out),
  );
}

const DOCUMENTS = ['json', 'ndjson', 'junit', 'tap'];

/** Whether standard output is for a program: annotations between would break what it reads. */
function writesDocument(names: readonly string[]): boolean {
  return names.some((name) => DOCUMENTS.includes(name));
}
