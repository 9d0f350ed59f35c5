/** A live run in one go, for whoever only wants its end: from the objects that a backend has opened to the last count. */
import type { Refusal } from '../../engine/index.ts';
import type { LiveCaseRequest } from '../backends/backend.ts';
import type { OpenedLive } from './backend.ts';
import { LiveThread } from './thread.ts';
import type { LiveEnd, LiveObject, LiveRequest } from './types.ts';

/** Nobody looks at samples. */
const SAMPLE_MS = 1e9;

/** What a backend keeps of an object that it opened. */
export interface OpenedBytes {
  readonly bytes: Uint8Array;
  readonly btf: Uint8Array | undefined;
}

/** The request with the bytes of its objects; a refusal when one is not open. */
export function wholeRequest(
  { peers, ...request }: LiveCaseRequest,
  openedAt: (path: string) => OpenedBytes | undefined,
): LiveRequest | Refusal {
  const paths = [request.path, ...peers];
  const missing = paths.find((path) => openedAt(path) === undefined);
  if (missing !== undefined) return { stage: 'open', errno: 0, message: `${missing} is not open`, where: {} };
  const object = (path: string): LiveObject => ({ path, bytes: openedAt(path)!.bytes });
  const { bytes, btf } = openedAt(request.path)!;
  return { ...request, bytes, ...(btf === undefined ? {} : { btf }), peers: peers.map(object), whole: true };
}

/** Runs all frames, and gives what it stood on back. */
export async function runWhole(opened: OpenedLive, request: LiveRequest): Promise<LiveEnd> {
  const ends: LiveEnd[] = [];
  const thread = new LiveThread(opened, request, SAMPLE_MS, (reply) => {
    if (reply.is === 'end') ends.push(reply.end);
  });
  try {
    await thread.loop();
  } finally {
    opened.release?.();
  }
  return ends[0]!;
}
