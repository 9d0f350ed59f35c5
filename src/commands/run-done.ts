/** What a run was and what came of it: all that reports are made from. */
import type { ObjectSpec } from '../../engine/index.ts';
import type { Backend, RunReply } from '../backends/backend.ts';
import { splitName, type World } from '../backends/world-names.ts';
import type { Mismatch } from '../expect/compare-replies.ts';
import type { RunInput } from './run-job.ts';
import type { Traced } from './run-trace.ts';

export interface RunDone {
  readonly input: RunInput;
  readonly spec: ObjectSpec;
  /** The object and those beside it. */
  readonly world: World;
  readonly program: string;
  /** PROG_TYPE it ran as. */
  readonly type: number;
  readonly backend: Backend['name'];
  readonly reply: RunReply;
  /** The judge's answer to the same request, null without one. */
  readonly judged: Judged | null;
  /** Where --why or --trace asked for it. */
  readonly traced: Traced | null;
}

export interface Judged {
  readonly reply: RunReply;
  readonly mismatches: readonly Mismatch[];
}

/** The object whose map a dump is of. */
export function ownerOfDump({ world, spec }: RunDone, name: string): ObjectSpec {
  const [label] = splitName(name);
  return world.find((one) => one.label === label)?.spec ?? spec;
}
