/** Marks under the rate of the live screen: what changed between two samples, where in the history. */
import { compact } from './format.ts';
import type { LiveSample } from './types.ts';

export interface Mark {
  /** Buckets of the history before it. */
  readonly bucket: number;
  readonly text: string;
}

export const MARKS_MAX = 32;

/** In words: links, batch size, rate, counters set to zero. */
export function changes(before: LiveSample, after: LiveSample): string[] {
  const links = after.report.devices.flatMap(({ netns, ifindex, name, up }) => {
    const old = before.report.devices.find((one) => one.netns === netns && one.ifindex === ifindex);
    return old === undefined || old.up === up ? [] : [`${name} ${up ? 'up' : 'down'}`];
  });
  return [
    ...links,
    ...(before.batch_size === after.batch_size ? [] : [`batch ${after.batch_size}`]),
    ...(before.rate === after.rate ? [] : [after.rate === Infinity ? 'rate max' : `rate ${compact(after.rate)}/s`]),
    ...(before.zeroed === after.zeroed ? [] : ['zero']),
  ];
}
