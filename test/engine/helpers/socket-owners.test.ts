/** What hangs on sockets: values in socket storage, and cgroups, as the namespace describes them. */
import { describe, expect, test } from 'bun:test';
import type { LoadedObject, ProgRunOpts } from '../../../engine/index.ts';
import { bytesIn, loadFixture, run } from '../../support/fixture-object.ts';

const u32 = (...words: number[]): Uint8Array => new Uint8Array(new Uint32Array(words).buffer);
const IP = Uint8Array.from({ length: 64 }, (_, i) => (i === 12 ? 8 : i === 14 ? 0x45 : 0));
const NETNS: ProgRunOpts = {
  data_in: IP,
  netns: {
    devices: [{ ifindex: 1, addresses: ['10.0.0.1/8'] }],
    sockets: [{ protocol: 'tcp', local: '10.0.0.1:80', cookie: 9 }],
    cgroup: { ids: [1, 50, 900] },
  },
};

/** Global variables, word by word. */
function wordsIn(object: LoadedObject): number[] {
  const view = bytesIn(object, '.bss');
  return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i, true));
}

describe('socket storage', () => {
  test("stays with the namespace's sockets, from call to call", () => {
    const object = loadFixture('sk-storage');
    expect(run(object, 'of_listener', { ...NETNS, repeat: 3 }).retval).toBe(3);
    expect(run(object, 'of_listener', NETNS).retval).toBe(4);
    const storage = object.map('storage')!;
    expect([...storage.entries()].map(({ key, value }) => [key, value.slice(0, 8)])).toEqual([[u32(9), u32(4, 0)]]);
    expect(storage.userUpdate(u32(9), u32(70, 0, 0, 0), 0)).toBe(0);
    expect(storage.userUpdate(u32(10), u32(70, 0, 0, 0), 0)).toBe(-9);
    expect(run(object, 'of_listener', NETNS).retval).toBe(71);
    expect([storage.userDelete(u32(9)), storage.userDelete(u32(9))]).toEqual([0, -2]);
    expect(run(object, 'of_listener', NETNS).retval).toBe(1);
    object.reset();
    expect([...storage.entries()]).toEqual([]);
    object.release();
  });

  test("goes with the packet's socket when its call ends", () => {
    const object = loadFixture('sk-storage');
    expect(run(object, 'keeps', { ...NETNS, repeat: 2 }).retval).toBe(2);
    expect(wordsIn(object)).toContain(42);
    expect(run(object, 'keeps', NETNS).retval).toBe(2);
    expect(wordsIn(object)).toContain(41);
    object.release();
  });
});

describe('cgroups', () => {
  test('in arrays: of the packet and of the task', () => {
    const object = loadFixture('cgroups');
    const groups = object.map('groups')!;
    expect([groups.userUpdate(u32(0), u32(50), 0), groups.userUpdate(u32(1), u32(51), 0)]).toEqual([0, 0]);
    expect([groups.userUpdate(u32(2), u32(50), 0), groups.userUpdate(u32(0), u32(0), 0)]).toEqual([-7, -9]);
    run(object, 'in_arrays', NETNS);
    const view = bytesIn(object, '.bss');
    const words = Array.from({ length: view.byteLength / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
    // Under the one, not under the other; beyond the array for both.
    expect(words.filter((word) => word === 1)).toHaveLength(1);
    expect(words.filter((word) => word === -7)).toHaveLength(2);
    expect([...groups.entries()].map(({ value }) => value)).toEqual([u32(50), u32(51)]);
    expect([groups.userDelete(u32(0)), groups.userDelete(u32(0)), groups.userDelete(u32(2))]).toEqual([0, -2, -7]);
    object.release();
  });

  test('of the socket and of the task are the same', () => {
    const object = loadFixture('cgroups');
    expect(run(object, 'of_sockets', NETNS).retval).toBe(1);
    expect(wordsIn(object).filter((word) => word === 1)).toHaveLength(4);
    object.release();
  });
});
