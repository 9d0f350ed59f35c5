/** Finds a frame that is lost in a given way: runs frames one by one, each looked at, until the count of that error grows. */
import type { DrivenRun } from './live-backend.ts';
import { errorRows } from './live-errors.ts';
import type { LiveDevmap, LiveFound, LiveRequest } from './live-types.ts';

/** Frames that are tried. */
const TRIES = 2000;
const TRY_MS = 500;

type Looking = DrivenRun & Required<Pick<DrivenRun, 'look'>>;

export function canLook(run: DrivenRun): run is Looking {
  return run.look !== undefined;
}

function countOf(run: Looking, request: LiveRequest, devmaps: readonly LiveDevmap[], key: string): number {
  const { network, data_in } = request;
  const facts = { report: run.report(), devmaps, devices: network.devices, length: data_in.length };
  return errorRows(facts).find((row) => row.key === key)?.count ?? 0;
}

/** `key`: of an ErrorRow. Null when no frame follows. */
export function findFrame(
  run: Looking,
  request: LiveRequest,
  devmaps: readonly LiveDevmap[],
  key: string,
): LiveFound | null {
  const until = performance.now() + TRY_MS;
  let count = countOf(run, request, devmaps, key);
  for (let tried = 1; ; tried++) {
    const look = run.look();
    if (look === null) return null;
    const after = countOf(run, request, devmaps, key);
    const hit = after > count;
    count = after;
    if (!hit && run.fault === null && tried < TRIES && performance.now() < until && !run.done) continue;
    const { trace, ...seen } = look;
    return { ...seen, key, tried, hit, trace: trace(), fault: run.fault };
  }
}
