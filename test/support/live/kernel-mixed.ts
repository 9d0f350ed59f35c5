/** A run of live frames of all kinds on the real kernel. */
import { bpf } from '../../../src/backends/kernel/attr.ts';
import { updateElem } from '../../../src/backends/kernel/map-io.ts';
import { testRun } from '../../../src/backends/kernel/run.ts';
import { closeFd } from '../../../src/backends/kernel/syscall.ts';
import { eventCounts, TC_OBJECT, tcBssOf, textOf, u32 } from './engine.ts';
import { type Bench, beginRun, deviceCounters, grownBy, QUIET_MS, settled } from './kernel-bench.ts';
import { attachTcx, attachXdp, checked, LIVE_FRAMES, load, XDP_TYPE } from './kernel-netns.ts';
import { ARRIVE, type MixedOutcome, type MixedScenario, mixedBss, mixedPacket } from './mixed.ts';

const KEYS = 8;

export async function runMixed(
  scenario: MixedScenario,
  bench: Bench,
  { object, spec }: ReturnType<typeof load>,
): Promise<MixedOutcome> {
  const fdOf = (name: string): number => object.programs.get(name)!.fd;
  for (const name of ['devices', 'device_hash']) {
    const map_fd = object.maps.get(name)!.fd;
    for (let key = 0; key < KEYS; key++) bpf('MAP_DELETE_ELEM', { map_fd, key: u32(key) });
  }
  updateElem(object.maps.get('.bss')!, u32(0), mixedBss(spec, scenario));
  for (const [i, wish] of scenario.wishes.entries())
    updateElem(object.maps.get('wishes')!, u32(i), Uint8Array.from(wish));
  for (const { map, key, dev, leaving } of scenario.entries) {
    const value = Uint8Array.of(...u32(dev), ...u32(leaving ? fdOf('leaving') : 0));
    checked(updateElem(object.maps.get(map)!, u32(key), value), `${map}[${key}]`);
  }
  const links = ARRIVE.map((dev) => attachXdp(fdOf('arriving'), dev));
  const tc = scenario.tc === null ? null : load(TC_OBJECT, 'at_tcx', []);
  if (tc !== null) {
    updateElem(tc.object.maps.get('.bss')!, u32(0), tcBssOf(tc.spec, scenario.tc!.globals));
    links.push(attachTcx(tc.object.programs.get('at_tcx')!.fd, scenario.tc!.dev));
  }
  const before = deviceCounters(bench);
  beginRun(bench, null);
  const { repeat, batch_size } = scenario;
  const done = testRun(fdOf('mixed'), XDP_TYPE, {
    ...{ ...mixedPacket(scenario), data_out: false, repeat, batch_size, flags: LIVE_FRAMES },
  });
  checked(-done.errno, 'a live run');
  const events = await settled(bench, QUIET_MS);
  const devices = grownBy(before, deviceCounters(bench));
  for (const link of links) closeFd(link);
  tc?.object.close();
  return { events: eventCounts(events), order: events.map(textOf), devices };
}
