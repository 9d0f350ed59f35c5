/** Completion scripts: bash completes by its own, zsh and fish take theirs (where they are installed). */
import { expect, test } from 'bun:test';
import { COMMANDS } from '../../src/commands/index.ts';
import { completionScript } from '../../src/completion.ts';
import { cli } from '../support/cli.ts';

const CHOICES = { reporter: ['default', 'json'], backend: ['engine', 'kernel'] };
const script = (shell: 'bash' | 'zsh' | 'fish') => completionScript(shell, COMMANDS, CHOICES);

/** What bash offers at the end of a line. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ');
  const program = `${script('bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_bpfdeck; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = Bun.spawn(['bash', '-c', program], { stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([new Response(bash.stdout).text(), new Response(bash.stderr).text()]);
  expect(err).toBe('');
  return out.trim().split('\n');
}

test('bash: commands, options of the command, values of options', async () => {
  expect(await offered('bpfdeck ')).toContain('inspect');
  expect(await offered('bpfdeck in')).toEqual(['inspect', 'init']);
  expect(await offered('bpfdeck test --re')).toEqual(['--reporter', '--retries']);
  expect(await offered('bpfdeck test --reporter ')).toEqual(['default', 'json']);
  expect(await offered('bpfdeck test --reporter j')).toEqual(['json']);
  expect(await offered('bpfdeck --no-color run --data-o')).toEqual(['--data-out']);
  expect(await offered('bpfdeck run ')).toEqual(['']);
});

for (const shell of ['zsh', 'fish'] as const) {
  const path = Bun.which(shell);
  test.skipIf(path === null)(
    `${shell} reads its script${path === null ? ' (skipped: it is not installed)' : ''}`,
    async () => {
      const args = shell === 'zsh' ? ['-n', '/dev/stdin'] : ['--no-execute', '/dev/stdin'];
      const child = Bun.spawn([path!, ...args], { stdin: new Blob([script(shell)]), stderr: 'pipe' });
      expect(await new Response(child.stderr).text()).toBe('');
      expect(await child.exited).toBe(0);
    },
  );
}

test('every command and option is in every script, described', () => {
  for (const shell of ['zsh', 'fish'] as const) {
    for (const word of [
      'merge-reports',
      'data-size-out',
      'pass-with-no-tests',
      'Stop at the first case that does not pass',
    ]) {
      expect(script(shell)).toContain(word);
    }
  }
});

test('as a command', async () => {
  expect(await cli(['completion', 'bash'])).toMatchObject({ code: 0, out: expect.stringContaining('complete -o') });
  const odd = await cli(['completion', 'bsh']);
  expect(odd).toMatchObject({ code: 2, err: 'bpfdeck: there is no completion for bsh: did you mean bash?\n' });
});
