/** Builds what a project's config says, once, before its cases run: what does not build becomes errors with their lines. */
import type { Project } from '../config.ts';
import type { FileError } from '../outcome.ts';
import { Builds } from '../watch/builds.ts';

export interface BuildOnceOptions {
  readonly signal: AbortSignal;
  /** Is told each thing that is being built: `make -C bpf`, `bpf/lb.bpf.c`. */
  readonly building: (label: string) => void;
}

/** Runs every whole command, and those of sources newer than their objects. */
export async function buildOnce(project: Project, { signal, building }: BuildOnceOptions): Promise<FileError[]> {
  if (!project.builds?.length) return [];
  const builds = new Builds({ project, building: (label) => label !== null && building(label), done: () => {} });
  const stop = () => builds.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await builds.start();
    await builds.settled();
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return builds.errors();
}
