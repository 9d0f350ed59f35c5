/** Completion scripts for shells, made from what the commands declare: nothing runs while the user types. */
import yargs from 'yargs';
import type { Command } from './commands/command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Option {
  readonly name: string;
  readonly describe: string;
  /** It takes a value. */
  readonly value: boolean;
  /** What the value may be; empty: a file, or anything. */
  readonly choices: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly describe: string;
  readonly options: readonly Option[];
}

/** What yargs knows of options; the method is public, its type is not declared. */
interface Declared {
  readonly key: Readonly<Record<string, unknown>>;
  readonly boolean: readonly string[];
  readonly alias: Readonly<Record<string, readonly string[]>>;
}

/** Values of options, by their names. */
export type Choices = Readonly<Record<string, readonly string[]>>;

function optionsOf(command: Command, choices: Choices): Option[] {
  const parser = command.options(yargs([]).help(false).version(false));
  const { key, boolean } = (parser as unknown as { getOptions(): Declared }).getOptions();
  const described = (parser as unknown as { getInternalMethods(): { getUsageInstance(): Usage } })
    .getInternalMethods()
    .getUsageInstance()
    .getDescriptions();
  const positionals = [...command.command.matchAll(/[<[](\w+)/g)].map(([, name]) => name);
  return Object.keys(key)
    .filter((name) => !positionals.includes(name))
    .map((name) => ({
      ...{ name, describe: (described[name] ?? '').replace(/^__yargsString__:/, '') },
      ...{ value: !boolean.includes(name), choices: choices[name] ?? [] },
    }));
}

interface Usage {
  getDescriptions(): Readonly<Record<string, string | undefined>>;
}

function entryOf(command: Command, choices: Choices): Entry {
  return { name: command.command.split(' ')[0]!, describe: command.describe, options: optionsOf(command, choices) };
}

const words = (list: readonly string[]) => list.join(' ');
const dashed = ({ options }: Entry) => options.map((option) => `--${option.name}`);

function bash(entries: readonly Entry[]): string {
  const cases = entries.map((entry) => `    ${entry.name}) options='${words([...dashed(entry), '--help'])}' ;;`);
  const choices = choiceRows(entries).map(([name, list]) => `    --${name}) choices='${words(list)}' ;;`);
  return `# bash completion for bpfdeck: source <(bpfdeck completion bash)
_bpfdeck() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" options='' choices='' i
  for ((i = 1; i < COMP_CWORD; i++)); do [[ "\${COMP_WORDS[i]}" != -* ]] && break; done
  if ((i >= COMP_CWORD)); then
    mapfile -t COMPREPLY < <(compgen -W '${words([...entries.map((entry) => entry.name), '--help', '--version'])}' -- "$word")
    return
  fi
  case "$before" in
${choices.join('\n')}
  esac
  if [[ -n "$choices" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
    return
  fi
  case "\${COMP_WORDS[i]}" in
${cases.join('\n')}
  esac
  if [[ "$word" == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word"); fi
}
complete -o bashdefault -o default -F _bpfdeck bpfdeck
`;
}

/** Options whose values are known, over all commands. */
function choiceRows(entries: readonly Entry[]): [string, readonly string[]][] {
  const rows = entries.flatMap(({ options }) => options.filter((option) => option.choices.length > 0));
  return [...new Map(rows.map((option) => [option.name, option.choices]))];
}

/** Within single quotes of zsh's _arguments: brackets and colons are its own. */
function zshText(text: string): string {
  return text.replace(/[[\]:]/g, (c) => `\\${c}`).replaceAll("'", "'\\''");
}

function zshOption({ name, describe, value, choices }: Option): string {
  const what = choices.length > 0 ? `:${name}:(${words(choices)})` : value ? `:${name}:_files` : '';
  return `'*--${name}[${zshText(describe)}]${what}'`;
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, describe }) => `    '${name}:${zshText(describe)}'`);
  const cases = entries.map(
    ({ name, options }) =>
      `    ${name}) _arguments ${[...options.map(zshOption), "'*:file:_files'"].join(' \\\n      ')} ;;`,
  );
  return `#compdef bpfdeck
# zsh completion for bpfdeck: bpfdeck completion zsh > ~/.zfunc/_bpfdeck
_bpfdeck() {
  local -a commands=(
${commands.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _bpfdeck ]]; then _bpfdeck "$@"; else compdef _bpfdeck bpfdeck; fi
`;
}

function fishText(text: string): string {
  return text.replace(/[\\']/g, (c) => `\\${c}`);
}

function fish(entries: readonly Entry[]): string {
  const commands = entries.map(
    ({ name, describe }) => `complete -c bpfdeck -n __fish_use_subcommand -f -a ${name} -d '${fishText(describe)}'`,
  );
  const options = entries.flatMap(({ name, options: own }) =>
    own.map(({ name: option, describe, value, choices }) => {
      const takes = choices.length > 0 ? ` -x -a '${words(choices)}'` : value ? ' -r' : '';
      return `complete -c bpfdeck -n '__fish_seen_subcommand_from ${name}' -l ${option}${takes} -d '${fishText(describe)}'`;
    }),
  );
  return `# fish completion for bpfdeck: bpfdeck completion fish > ~/.config/fish/completions/bpfdeck.fish\n${[...commands, ...options].join('\n')}\n`;
}

const SCRIPTS = { bash, zsh, fish } as const;

export function completionScript(
  shell: (typeof SHELLS)[number],
  commands: readonly Command[],
  choices: Choices,
): string {
  return SCRIPTS[shell](commands.map((command) => entryOf(command, choices)));
}
