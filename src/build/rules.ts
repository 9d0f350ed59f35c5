/** The `build` of a config: what users write, and the rules that come out of it. */
import { basename } from 'node:path';
import { InputError } from '../input-error.ts';

/** A command for all, or one a source. */
export interface BuildConfig {
  /** Globs of sources, from the config file's directory; a change of one of them, or of a header beside it, builds. */
  readonly sources: string | readonly string[];
  /**
   * For the shell, in the config file's directory. `{source}` and `{object}` in it make it one command a source;
   * clang with -O2 -g unless said.
   */
  readonly command?: string;
  /** Where the object of a source goes: `build/{name}.o` unless said; `{name}` is the source's without .bpf.c or .c. */
  readonly object?: string;
}

/** A command line such as `make -C bpf` watches C files and headers below the directory after -C, or of the whole project. */
export type Build = string | BuildConfig;

export interface BuildRule {
  /** As people know it: the command, or its first word and the sources. */
  readonly label: string;
  readonly command: string;
  readonly sources: readonly string[];
  /** Globs of what a change of builds everything: headers. */
  readonly headers: readonly string[];
  /** One command a source. */
  readonly each: boolean;
  readonly object: string;
}

const CLANG = 'clang -O2 -g -target bpf -c {source} -o {object}';
const OBJECT = 'build/{name}.o';

/** `make -C bpf` works in bpf/. */
function directoryOf(command: string): string {
  const directory = /(?:^|\s)-C\s*(\S+)/.exec(command)?.[1] ?? '';
  return directory === '' || directory === '.' ? '' : `${directory.replace(/\/$/, '')}/`;
}

function headersBeside(glob: string): string {
  const at = glob.search(/[*?[{]/);
  const directory = at < 0 ? glob.replace(/[^/]*$/, '') : glob.slice(0, at).replace(/[^/]*$/, '');
  return `${directory}**/*.h`;
}

function wholeRule(command: string): BuildRule {
  const below = directoryOf(command);
  const [sources, headers] = [[`${below}**/*.c`], [`${below}**/*.h`]];
  return { label: command, command, sources, headers, each: false, object: '' };
}

function ruleOf(build: Build): BuildRule {
  if (typeof build === 'string') return wholeRule(build);
  if (typeof build !== 'object' || build === null)
    throw new InputError('`build` must be a command or {sources, command}');
  const wrong = Object.keys(build).find((name) => !['sources', 'command', 'object'].includes(name));
  if (wrong !== undefined) throw new InputError(`\`build\` has no field \`${wrong}\`: one of sources, command, object`);
  const sources = Array.isArray(build.sources) ? build.sources : [build.sources];
  if (sources.length === 0 || !sources.every((one) => typeof one === 'string')) {
    throw new InputError('`build.sources` must be a glob or a list of globs');
  }
  const command = build.command ?? CLANG;
  if (typeof command !== 'string') throw new InputError('`build.command` must be a command line');
  return {
    label: `${command.trim().split(/\s+/)[0]} ${sources.join(' ')}`,
    ...{ command, sources, headers: sources.map(headersBeside) },
    each: command.includes('{source}'),
    object: build.object ?? OBJECT,
  };
}

/** Throws InputError. */
export function settleBuilds(build: Build | readonly Build[] | undefined): BuildRule[] {
  if (build === undefined) return [];
  return (Array.isArray(build) ? build : [build]).map(ruleOf);
}

const SHELL_SAFE = /^[\w@%+=:,./-]+$/;

function shellWord(text: string): string {
  return SHELL_SAFE.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `bpf/lb.bpf.c` becomes `build/lb.o`. */
export function objectOf(rule: BuildRule, source: string): string {
  return rule.object.replaceAll('{name}', basename(source).replace(/(\.bpf)?\.c$/, ''));
}

/** The shell's command for one source; paths relative to the root. */
export function commandFor(rule: BuildRule, source: string): string {
  const words: Readonly<Record<string, string>> = { source, object: objectOf(rule, source) };
  return rule.command.replace(/\{(source|object)\}/g, (_all, name: string) => shellWord(words[name] ?? ''));
}
