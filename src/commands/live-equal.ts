/** The command line of a live run as it is now: what the screen shows for `@`. */
import { listArg } from '../args.ts';
import { commandText } from '../equal-command.ts';
import type { Args } from './command.ts';

/** Options that say what is run; how it is looked at is not part of it. */
const OPTIONS = [
  ...['data-in', 'frames', 'frames-order', 'vary', 'ctx-in', 'ingress', 'dev', 'netns', 'fault', 'map', 'repeat'],
  ...['seed', 'cpus', 'btf', 'backend'],
];

export function liveCommandLine(args: Args, chosen: { readonly rate: number; readonly batch_size: number }): string {
  const given = OPTIONS.flatMap((name) => listArg(args, name).flatMap((value) => [`--${name}`, value]));
  const rate = chosen.rate === Infinity ? [] : ['--rate', String(chosen.rate)];
  const program = args.program === undefined ? [] : [String(args.program)];
  const words = ['bpfdeck', 'live', String(args.object), ...program, ...given, ...rate];
  return commandText([...words, '--batch-size', String(chosen.batch_size)]);
}
