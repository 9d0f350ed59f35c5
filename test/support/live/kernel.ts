/** The real kernel as a runner of live scenarios: one child process in a network namespace of its own, asked one scenario after the other. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { MixedOutcome, MixedScenario } from './mixed.ts';
import type { Outcome, Scenario } from './scenario.ts';

const CHILD = new URL('./kernel-child.ts', import.meta.url).pathname;

/** Why there is no kernel to ask, or null. */
export function noKernel(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  if (Bun.which('unshare') === null) return 'no unshare';
  const made = spawnSync('unshare', ['--net', 'true']);
  return made.status === 0 ? null : 'no network namespaces';
}

export class LiveKernel {
  private readonly child = spawn(process.execPath, [CHILD], { stdio: ['pipe', 'pipe', 'inherit'] });
  private readonly lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();

  private async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('the process that asks the kernel ended');
    return next.value;
  }

  async ready(): Promise<this> {
    await this.line();
    return this;
  }

  async run(scenario: Scenario): Promise<Outcome> {
    return (await this.ask(scenario)) as Outcome;
  }

  async runMixed(scenario: MixedScenario): Promise<MixedOutcome> {
    return (await this.ask(scenario)) as MixedOutcome;
  }

  private async ask(scenario: Scenario | MixedScenario): Promise<unknown> {
    this.child.stdin.write(`${JSON.stringify(scenario)}\n`);
    return JSON.parse(await this.line());
  }

  close(): void {
    this.child.stdin.end();
  }
}
