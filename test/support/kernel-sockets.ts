/** Sockets of a described namespace opened for real, so that maps of sockets can be filled in the kernel; ports are the kernel's choice. */
import type { ProgRunResult, SocketSpec } from '../../engine/index.ts';
import type { RunReply, RunRequest } from '../../src/backends/backend.ts';
import { closeFd, syscall } from '../../src/backends/kernel/syscall.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK = { tcp: 1, udp: 2 };
const SOL_SOCKET = 1;
const SO_COOKIE = 57;

interface Opened {
  readonly fd: number;
  /** As the description calls it, and as the kernel does. */
  readonly cookie: number;
  readonly real: bigint;
}

function openOne(spec: SocketSpec, place: number): Opened {
  const v6 = !/^\d+\./.test(spec.local);
  const fd = syscall('socket', [v6 ? AF_INET6 : AF_INET, SOCK[spec.protocol], 0]);
  // Any port of any address.
  const name = new Uint8Array(v6 ? 28 : 16);
  name[0] = v6 ? AF_INET6 : AF_INET;
  const bound = syscall('bind', [fd, name, name.length]);
  const listens = spec.protocol === 'udp' ? 0 : syscall('listen', [fd, 1]);
  const cookie = new Uint8Array(8);
  const told = syscall('getsockopt', [fd, SOL_SOCKET, SO_COOKIE, cookie, new Uint8Array(new Uint32Array([8]).buffer)]);
  if (fd < 0 || bound < 0 || listens < 0 || told < 0)
    throw new Error(`no socket for ${spec.local}: ${[fd, bound, listens, told]}`);
  return { fd, cookie: spec.cookie ?? place + 1, real: new DataView(cookie.buffer).getBigUint64(0, true) };
}

/** Values of a preset by their cookies, as descriptors. */
function withFds(content: unknown, sockets: readonly Opened[]): unknown {
  if (typeof content !== 'object' || content === null) return content;
  const entries = Object.entries(content).map(([key, cookie]) => [
    key,
    sockets.find((one) => one.cookie === cookie)?.fd,
  ]);
  return Object.fromEntries(entries);
}

/** The eight bytes at the start of `bytes` as the description has them, where they are a socket's cookie. */
function withCookie(bytes: Uint8Array, sockets: readonly Opened[]): Uint8Array {
  if (bytes.length < 8) return bytes;
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  const socket = sockets.find((one) => one.real === view.getBigUint64(0, true));
  if (socket !== undefined) view.setBigUint64(0, BigInt(socket.cookie), true);
  return copy;
}

/** Runs a request whose namespace has sockets: presets of `maps` name them by cookie, and so does what comes back. */
export function runWithSockets(
  request: RunRequest,
  maps: readonly string[],
  run: (request: RunRequest) => RunReply,
): RunReply {
  const sockets = (request.opts.netns?.sockets ?? []).map(openOne);
  try {
    const presets = request.presets.map((one) =>
      maps.includes(one.map) ? { ...one, content: withFds(one.content, sockets) } : one,
    );
    const reply = run({ ...request, presets });
    const dumps = reply.maps.map((dump) => {
      if (!maps.includes(dump.name)) return dump;
      return { ...dump, entries: dump.entries.map((one) => ({ ...one, value: withCookie(one.value, sockets) })) };
    });
    return { ...reply, maps: dumps, result: reply.result === null ? null : named(reply.result, sockets) };
  } finally {
    for (const { fd } of sockets) closeFd(fd);
  }
}

function named(result: ProgRunResult, sockets: readonly Opened[]): ProgRunResult {
  return result.ctx_out === null ? result : { ...result, ctx_out: withCookie(result.ctx_out, sockets) };
}
