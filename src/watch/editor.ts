/** The user's editor at a line of a file: $VISUAL, else $EDITOR, else vi, each told the line in its own way. */

type Env = Readonly<Record<string, string | undefined>>;

/** How editors that do not take `+LINE FILE` take it. */
const GOTO: readonly (readonly [RegExp, (file: string, line: number) => string[]])[] = [
  [/^(code|code-insiders|codium|cursor|windsurf)$/, (file, line) => ['--goto', `${file}:${line}`]],
  [/^(subl|zed|hx|helix|micro|lapce)$/, (file, line) => [`${file}:${line}`]],
  [/^(idea|clion|goland|webstorm|pycharm|kate)$/, (file, line) => ['--line', String(line), file]],
];

/** The command as a list of words. */
export function editorCommand(env: Env, file: string, line: number): string[] {
  const chosen = (env.VISUAL ?? '').trim() || (env.EDITOR ?? '').trim() || 'vi';
  const words = chosen.split(/\s+/);
  const name = (words[0] ?? '').split('/').at(-1) ?? '';
  const goto = GOTO.find(([editor]) => editor.test(name))?.[1];
  return [...words, ...(goto ? goto(file, line) : [`+${line}`, file])];
}

/**
 * Runs it on this terminal until it ends, and lets nothing of ours run meanwhile: whoever else reads the terminal takes
 * keys from the editor. Gives why it could not run, null when it could.
 */
export function runEditor(command: readonly string[]): string | null {
  try {
    const child = Bun.spawnSync([...command], { stdio: ['inherit', 'inherit', 'inherit'] });
    return child.exitCode === 0 ? null : `${command[0]} ended with ${child.signalCode ?? child.exitCode}`;
  } catch (thrown) {
    const missing = (thrown as { code?: string }).code === 'ENOENT';
    return missing
      ? `there is no ${command[0]}: set EDITOR to the editor you use`
      : `${command[0]}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
