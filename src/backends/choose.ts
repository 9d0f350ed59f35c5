/** The backends that `--backend` asks for: the embedded engine, the real kernel, or the engine with the kernel as its judge. */
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { Backend } from './backend.ts';

export interface Backends {
  /** Whose answer is the answer. */
  readonly first: Backend;
  /** Asked the same, to be compared; null: nobody is. */
  readonly judge: Backend | null;
}

const NAMES = ['engine', 'kernel', 'both'];

/** Throws InputError where the kernel cannot be used, with what to do about it. */
export async function needKernel(): Promise<void> {
  const { probeKernel } = await import('./kernel/probe.ts');
  const usable = probeKernel();
  if (!usable.usable) {
    const advice = usable.advice === '' ? '' : `: ${usable.advice}`;
    throw new InputError(`the kernel cannot be used here: ${usable.reason}${advice}`);
  }
}

async function openKernel(): Promise<Backend> {
  await needKernel();
  const { KernelBackend } = await import('./kernel.ts');
  return new KernelBackend();
}

async function openEngine(): Promise<Backend> {
  return (await import('./engine/near.ts')).openNearEngine();
}

/** Throws InputError for an unknown name, and where the kernel cannot be used, with what to do about it. */
export async function chooseBackends(name: string): Promise<Backends> {
  if (name === 'engine') return { first: await openEngine(), judge: null };
  if (name === 'kernel') return { first: await openKernel(), judge: null };
  if (name !== 'both') {
    throw new InputError(`there is no backend ${name}${didYouMean(name, NAMES) || `: one of ${NAMES.join(', ')}`}`);
  }
  const judge = await openKernel();
  const { KernelTyped } = await import('./kernel/typed.ts');
  return { first: new KernelTyped(await openEngine()), judge };
}

export async function closeBackends({ first, judge }: Backends): Promise<void> {
  await Promise.all([first.close(), judge?.close()]);
}
