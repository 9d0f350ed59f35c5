/** Finds a frame that is lost in a given way: runs frames one by one, each looked at, until the count of that error grows. */
import type { DrivenRun } from './backend.ts';
import { errorRows } from './errors.ts';
import type { LiveDevmap, LiveFound, LiveRequest } from './types.ts';

const LIMITS: FinderLimits = { frames: 2000, ms: 500 };

type Looking = DrivenRun & Required<Pick<DrivenRun, 'look'>>;

export function canLook(run: DrivenRun): run is Looking {
  return run.look !== undefined;
}

function countOf(run: Looking, request: LiveRequest, devmaps: readonly LiveDevmap[], key: string): number {
  const { network, data_in } = request;
  const facts = { report: run.report(), devmaps, devices: network.devices, length: data_in.length };
  return errorRows(facts).find((row) => row.key === key)?.count ?? 0;
}

/** How long to try. */
export interface FinderLimits {
  readonly frames: number;
  readonly ms: number;
}

/** `key`: of an ErrorRow. Null when no frame follows. */
export function findFrame(
  run: Looking,
  request: LiveRequest,
  devmaps: readonly LiveDevmap[],
  key: string,
  limits: FinderLimits = LIMITS,
): LiveFound | null {
  const until = performance.now() + limits.ms;
  const before = countOf(run, request, devmaps, key);
  let tried = 0;
  let hit = false;
  const look = run.look(() => {
    tried++;
    hit = countOf(run, request, devmaps, key) > before;
    return hit || run.fault !== null || tried >= limits.frames || performance.now() >= until;
  });
  return look === null ? null : { ...look, key, tried, hit, fault: run.fault };
}
