/** bpf_redirect and bpf_redirect_map: return values recorded on the real kernel, and what the run learns of the target. */
import { expect, test } from 'bun:test';
import { MAP_HELPERS } from '../../../engine/helpers/map.ts';
import { REDIRECT_HELPERS } from '../../../engine/helpers/redirect.ts';
import { FAULT } from '../../../engine/layout.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { KEY, mapWorld, readTable, u32Bytes } from '../../support/map-world.ts';

function redirectWorld() {
  const world = mapWorld(2);
  const shape = { value_size: 4, max_entries: 4 };
  const maps = {
    devmap: world.make('DEVMAP', { ...shape, name: 'devmap' }),
    devmap_hash: world.make('DEVMAP_HASH', { ...shape, name: 'devmap_hash' }),
    cpumap: world.make('CPUMAP', { ...shape, name: 'cpumap' }),
    xskmap: world.make('XSKMAP', { ...shape, name: 'xskmap' }),
  };
  maps.devmap.userUpdate(u32Bytes(1), u32Bytes(1), 0);
  maps.devmap_hash.userUpdate(u32Bytes(7), u32Bytes(1), 0);
  maps.cpumap.userUpdate(u32Bytes(1), u32Bytes(192), 0);
  return { world, maps, h: world.helpers({ ...REDIRECT_HELPERS, ...MAP_HELPERS }) };
}

test('every recorded call returns what the kernel returned', () => {
  const { world, maps, h } = redirectWorld();
  const rows = readTable(new URL('./kernel-redirect.txt', import.meta.url));
  expect(rows.length).toBeGreaterThan(700);
  const halves = (text: string): [number, number] => [
    Number(BigInt.asIntN(32, BigInt(text))),
    Number(BigInt.asIntN(32, BigInt(text) >> 32n)),
  ];
  const call = (who: string, key: string, flags: string): number => {
    const [lo, hi] = halves(key);
    world.rc.progType = who === 'tc' ? PROG_TYPE.SCHED_CLS : PROG_TYPE.XDP;
    if (who === 'xdp' || who === 'tc') return h.redirect!(lo, ...halves(flags));
    const map = maps[who.replace('lookup_', '') as keyof typeof maps];
    if (!who.startsWith('lookup_')) return h.redirect_map!(map.handle, lo, hi, ...halves(flags));
    world.mem.u32[KEY >> 2] = lo;
    const found = h.map_lookup_elem!(map.handle, KEY);
    return found === 0 ? -1 : world.mem.u32[found >> 2]!;
  };
  const wrong = rows.flatMap(([who, key, flags, recorded]) => {
    const got = call(who!, key!, flags!);
    return String(got) === recorded ? [] : [`${who} ${key} ${flags}: ${got}, not ${recorded}`];
  });
  expect(wrong).toEqual([]);
  expect(world.faults).toEqual([]);
});

test('the run learns where the packet would go', () => {
  const { world, maps, h } = redirectWorld();
  h.redirect!(17, 0, 0);
  expect(world.rc.redirect).toEqual({ helper: 'bpf_redirect', target: 17, map: null, key: null, flags: 0 });
  h.redirect_map!(maps.devmap.handle, 1, 0, 2, 0);
  expect(world.rc.redirect).toEqual({ helper: 'bpf_redirect_map', target: 1, map: 'devmap', key: 1, flags: 2 });
  h.redirect_map!(maps.cpumap.handle, 1, 0, 0, 0);
  expect(world.rc.redirect).toMatchObject({ target: 1, map: 'cpumap' });
  h.redirect_map!(maps.devmap.handle, 3, 0, 8, 0);
  expect(world.rc.redirect).toMatchObject({ target: null, map: 'devmap', key: 3, flags: 8 });
});

test('a later call that finds nothing takes the redirect back; one with bad flags leaves it', () => {
  const { world, maps, h } = redirectWorld();
  h.redirect_map!(maps.devmap.handle, 1, 0, 0, 0);
  h.redirect_map!(maps.devmap.handle, 1, 0, 64, 0);
  expect(world.rc.redirect).toMatchObject({ target: 1 });
  expect(h.redirect_map!(maps.devmap.handle, 2, 0, 1, 0)).toBe(1);
  expect(world.rc.redirect).toBeNull();
});

test('a stand-in socket in an xskmap is found and can be redirected to', () => {
  const { world, maps, h } = redirectWorld();
  expect(maps.xskmap.userUpdate(u32Bytes(2), u32Bytes(5), 0)).toBe(0);
  expect(h.redirect_map!(maps.xskmap.handle, 2, 0, 2, 0)).toBe(4);
  expect(world.rc.redirect).toMatchObject({ target: 5, map: 'xskmap', key: 2 });
  world.mem.u32[KEY >> 2] = 2;
  const sock = h.map_lookup_elem!(maps.xskmap.handle, KEY);
  expect(world.mem.u32[sock >> 2]).toBe(5);
  expect([...maps.xskmap.entries()]).toEqual([{ key: u32Bytes(2), value: u32Bytes(5) }]);
  expect(maps.xskmap.userUpdate(u32Bytes(2), u32Bytes(6), 1)).toBe(-17);
  expect(maps.xskmap.userUpdate(u32Bytes(1), u32Bytes(6), 2)).toBe(-2);
  world.maps.reset();
  expect(h.redirect_map!(maps.xskmap.handle, 2, 0, 2, 0)).toBe(2);
});

test('a map of another kind is a fault', () => {
  const { world, h } = redirectWorld();
  expect(h.redirect_map!(world.make('ARRAY').handle, 0, 0, 0, 0)).toBe(0);
  expect(world.faults).toMatchObject([{ kind: FAULT.BAD_ARGUMENT }]);
});
