/** Runs the command line as a process of its own, the way a shell does, and gives back all it said. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dir, '../..');
export const OBJECTS = join(ROOT, 'fixtures/objects');

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as bytes. */
  readonly bytes: Uint8Array;
}

export interface CliOptions {
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Path of a fixture object: `xdp-verdicts`, `faults/endless-loop`. */
export function fixture(name: string): string {
  const [group, one] = name.split('/');
  return one === undefined ? join(OBJECTS, name, `${name}.bpf.o`) : join(OBJECTS, group!, `${one}.bpf.o`);
}

/** Resolves once a process has a handler for SIGINT; where that cannot be seen, once it should have. */
export async function untilStoppable(pid: number): Promise<void> {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return Bun.sleep(1500);
  const SIGINT_BIT = 2n;
  for (;;) {
    const caught = /SigCgt:\s*(\w+)/.exec(readFileSync(status, 'utf8'))?.[1] ?? '0';
    if ((BigInt(`0x${caught}`) & SIGINT_BIT) !== 0n) return;
    await Bun.sleep(5);
  }
}

export function startCli(
  args: readonly string[],
  options: CliOptions = {},
): Bun.Subprocess<Blob | null, 'pipe', 'pipe'> {
  const { NO_COLOR, FORCE_COLOR, CI, ...env } = process.env;
  return Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...env, ...options.env },
    stdin: options.stdin === undefined ? null : new Blob([options.stdin as string]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  const [bytes, err, code] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out: new TextDecoder().decode(bytes), err, bytes };
}
