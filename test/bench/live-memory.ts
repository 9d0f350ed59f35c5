/** How much memory a long live run takes: all verdicts in turn, PASS into a UDP socket that is read, or never is. */
import { readFileSync } from 'node:fs';
import { macOf, NETNS } from '../support/live/engine.ts';
import { ctxOf, IFINDEX } from '../support/live/scenario.ts';
import { EngineSide } from './live-engine.ts';

const MIB = 1 << 20;
const PORT = 53;
const STEPS = 10;

/** Resident bytes of this process, after the collector was asked to work. */
function resident(): number {
  Bun.gc(true);
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** IPv4 and UDP, 64 bytes in all, for the address of the device a0. */
function datagram(): Uint8Array {
  const mac = macOf(IFINDEX.a0).replaceAll(':', '');
  const ip = '4500003200000000401166b90a0000020a000001';
  const bytes = new Uint8Array(64);
  bytes.set(Buffer.from(`${mac}0200000000090800${ip}0001${PORT.toString(16).padStart(4, '0')}001e0000`, 'hex'));
  return bytes;
}

function opened(read: boolean): EngineSide {
  const devices = NETNS.devices.map((dev) =>
    dev.ifindex === IFINDEX.a0 ? { ...dev, addresses: ['10.0.0.1/24'] } : dev,
  );
  return new EngineSide({ object: 'b_ways', program: 'w_mix' }, 64, {
    ...{ data_in: datagram(), ctx_in: ctxOf({ name: '', globals: {}, repeat: 0 })! },
    netns: { devices, sockets: [{ protocol: 'udp', local: `10.0.0.1:${PORT}` }] },
    sockets: [{ socket: 0, read }],
  });
}

/** Prints resident memory along the way, and what it grew by from a hundredth of the frames on. */
export function memoryRun(frames: number): void {
  for (const read of [true, false]) {
    const { run } = opened(read);
    console.log(`all verdicts in turn, a socket that is ${read ? 'read' : 'never read'}`);
    run.runFor({ frames: frames / 100 });
    const first = resident();
    console.log(`${run.frames.toExponential(1).padStart(10)} frames ${(first / MIB).toFixed(1).padStart(8)} MiB`);
    const started = performance.now();
    for (let step = 1; step <= STEPS; step++) {
      run.runFor({ frames: Math.round((frames * step) / STEPS) - run.frames });
      console.log(
        `${run.frames.toExponential(1).padStart(10)} frames ${(resident() / MIB).toFixed(1).padStart(8)} MiB`,
      );
    }
    const seconds = (performance.now() - started) / 1000;
    const { verdicts, stacks, page_pool } = run.report();
    console.log(`grew by ${((resident() - first) / MIB).toFixed(1)} MiB in ${seconds.toFixed(0)} s`);
    console.log(
      JSON.stringify({ verdicts, delivered: stacks.near.udp_delivered, full: stacks.near.SOCKET_RCVBUFF, page_pool }),
    );
    run.close();
  }
}
