/** The kernel's side of bench:live: runs b_live's programs on request, in a network namespace of its own. Lines of JSON in, nanoseconds out. */
import { createInterface } from 'node:readline';
import { updateElem } from '../../src/backends/kernel-map-io.ts';
import { testRun } from '../../src/backends/kernel-run.ts';
import { u32 } from '../support/live/engine.ts';
import { attachXdp, LIVE_FRAMES, load, makeDevices, XDP_TYPE } from '../support/live/kernel-netns.ts';
import { ctxOf, IFINDEX, packetOf } from '../support/live/scenario.ts';

const fixture = (name: string): URL => new URL(`../../fixtures/bench/${name}.bpf.o`, import.meta.url);

makeDevices();
const { object } = load(fixture('b_live'), 'lv_drop', ['lv_tx', 'lv_redir', 'lv_pass']);
const peer = load(fixture('b_peer'), 'p_drop', []).object.programs.get('p_drop')!;
for (const dev of [IFINDEX.a1, IFINDEX.b1]) attachXdp(peer.fd, dev);
updateElem(object.maps.get('dm')!, u32(0), u32(IFINDEX.b0));
const scenario = { name: '', globals: {}, repeat: 0 };
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { program, batch_size, repeat } = JSON.parse(line) as { program: string; batch_size: number; repeat: number };
  const done = testRun(object.programs.get(program)!.fd, XDP_TYPE, {
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
