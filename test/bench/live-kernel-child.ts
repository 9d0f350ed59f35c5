/** The kernel's side of bench:live: runs the programs of b_live and b_ways on request, in a network namespace of its own. Lines of JSON in, nanoseconds out. */
import { createInterface } from 'node:readline';
import { updateElem } from '../../src/backends/kernel/map-io.ts';
import { testRun } from '../../src/backends/kernel/run.ts';
import { u32 } from '../support/live/engine.ts';
import { attachXdp, LIVE_FRAMES, load, makeDevices, XDP_TYPE } from '../support/live/kernel-netns.ts';
import { ctxOf, IFINDEX, packetOf } from '../support/live/scenario.ts';

const fixture = (name: string): URL => new URL(`../../fixtures/bench/${name}.bpf.o`, import.meta.url);

makeDevices();
const plain = load(fixture('b_live'), 'lv_drop', ['lv_tx', 'lv_redir', 'lv_pass']).object;
const ways = load(fixture('b_ways'), 'w_egress', ['w_bcast', 'w_cpu', 'w_leave', 'w_there']).object;
const fds = new Map([...plain.programs, ...ways.programs].map(([name, { fd }]) => [name, fd]));
const peer = load(fixture('b_peer'), 'p_drop', []).object.programs.get('p_drop')!;
for (const dev of [IFINDEX.a1, IFINDEX.b1]) attachXdp(peer.fd, dev);
updateElem(plain.maps.get('dm')!, u32(0), u32(IFINDEX.b0));
updateElem(ways.maps.get('guarded')!, u32(0), new Uint8Array([...u32(IFINDEX.b0), ...u32(fds.get('w_leave')!)]));
updateElem(ways.maps.get('both')!, u32(0), u32(IFINDEX.a0));
updateElem(ways.maps.get('both')!, u32(1), u32(IFINDEX.b0));
updateElem(ways.maps.get('cpus')!, u32(1), new Uint8Array([...u32(2048), ...u32(fds.get('w_there')!)]));
const scenario = { name: '', globals: {}, repeat: 0 };
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { program, batch_size, repeat } = JSON.parse(line) as { program: string; batch_size: number; repeat: number };
  const done = testRun(fds.get(program)!, XDP_TYPE, {
    ...{
      data_in: packetOf(scenario),
      data_out: false,
      ctx_in: ctxOf(scenario)!,
      repeat,
      batch_size,
      flags: LIVE_FRAMES,
    },
  });
  process.stdout.write(`${JSON.stringify({ errno: done.errno, ns: done.duration_ns })}\n`);
}
