/** Who may have the terminal while the screen lets go of it: another run of ours, or the shell that started us. */
import { plain } from '../format/sanitize.ts';

/** Words that start this program anew: by its source, or the binary that it was made into. */
function ourselves(): string[] {
  return Bun.main.startsWith('/$bunfs/') ? [process.execPath] : [process.execPath, Bun.main];
}

/** Runs `bpfdeck …` on this terminal until it ends. Gives its complaint, null when there was none. */
export function runHere([, ...words]: readonly string[]): string | null {
  const child = Bun.spawnSync([...ourselves(), ...words], { stdio: ['inherit', 'inherit', 'pipe'] });
  const said = plain(child.stderr.toString().trim().split('\n').at(-1) ?? '');
  return child.exitCode === 0 || child.exitCode === 130 ? null : said || `${words[0]} ended with ${child.exitCode}`;
}

/** What was written last must be on the terminal before the shell is. */
const SETTLE_MS = 20;

/** Stops the job as the terminal does at Ctrl-Z. Resolves when the shell has let it go on. */
export async function toShell(): Promise<null> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  process.kill(0, 'SIGTSTP');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return null;
}
