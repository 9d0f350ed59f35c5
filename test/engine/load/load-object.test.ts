/** Loading: maps and their first content, what refuses an object, what refuses one program and leaves its siblings. */
import { describe, expect, test } from 'bun:test';
import { loadObject } from '../../../engine/load/load-object.ts';
import type { MapSpec, ObjectSpec } from '../../../engine/object/spec.ts';
import { ERRNO } from '../../../engine/uapi/errno.ts';
import { helperId } from '../../../engine/uapi/helper-names.ts';
import { setImm } from '../../../engine/uapi/insn.ts';
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { bytesIn, loadFixture, openFixture, run } from '../../support/fixture-object.ts';

function mapSpec(over: Partial<MapSpec> = {}): MapSpec {
  return {
    ...{ name: 'm', type: MAP_TYPE.ARRAY, key_size: 4, value_size: 8, max_entries: 4, map_flags: 0, map_extra: 0n },
    ...{ numa_node: 0, pinning: 0, key_type_id: 0, value_type_id: 0, inner: null, values: [], data: null },
    ...{ section: '.maps', ...over },
  };
}

function withMaps(...maps: MapSpec[]): ObjectSpec {
  return { ...openFixture('xdp-verdicts'), maps };
}

describe('maps', () => {
  test('global data has its first content, and reset() goes back to it', () => {
    const object = loadFixture('globals');
    const before = JSON.stringify(object.dumpMaps());
    expect(bytesIn(object, '.data.tuning').getUint32(0, true)).toBe(2);
    run(object, 'use_globals');
    expect(JSON.stringify(object.dumpMaps())).not.toBe(before);
    object.reset();
    expect(JSON.stringify(object.dumpMaps())).toBe(before);
  });

  test('inner maps and programs named by .values are in their slots', () => {
    const outer = loadFixture('map-in-map').map('array_outer')!;
    expect([...outer.entries()].map(({ key }) => key[0])).toEqual([0, 2]);
    const jumps = loadFixture('tail-calls').map('jumps')!;
    expect([...jumps.entries()].map(({ key }) => key[0])).toEqual([0, 1, 5]);
  });

  test('a spin lock in a value is found by its type', () => {
    const object = loadFixture('spin-lock');
    expect(object.spec.maps.flatMap((map) => object.map(map.name)?.def.special ?? [])).toContainEqual({
      ...{ kind: 'spin_lock', offset: 0, size: 4 },
    });
  });

  test('a map that cannot be is named, with the errno of BPF_MAP_CREATE', () => {
    const refused = loadObject(withMaps(mapSpec(), mapSpec({ name: 'trie', type: MAP_TYPE.LPM_TRIE, key_size: 8 })));
    expect(refused).toMatchObject({ ok: false, error: { stage: 'load', errno: ERRNO.EINVAL } });
    expect(refused.ok ? '' : refused.error.message).toStartWith('map trie: LPM_TRIE needs BPF_F_NO_PREALLOC');
  });

  test('4 GiB of map do not fit', () => {
    const refused = loadObject(withMaps(mapSpec({ name: 'huge', value_size: 1 << 16, max_entries: 1 << 16 })));
    expect(refused).toMatchObject({ ok: false, error: { stage: 'load', errno: ERRNO.ENOMEM } });
    expect(refused.ok ? '' : refused.error.message).toMatch(/^map huge: 65536 entries of 4 \+ 65536 bytes do not fit/);
  });

  test('a big array costs nothing until it is touched', () => {
    const object = loadObject(withMaps(mapSpec({ name: 'big', value_size: 1 << 10, max_entries: 1 << 20 })));
    expect(object.ok && object.value.dumpMaps()[0]?.entries).toEqual([]);
  });

  test('more maps than a run can hold', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => mapSpec({ name: `m${i}`, type: MAP_TYPE.HASH }));
    const refused = loadObject(withMaps(...many));
    expect(refused).toMatchObject({ ok: false, error: { stage: 'load', errno: ERRNO.ENOSPC } });
  });

  test('an unsupported kind is named', () => {
    const refused = loadObject(withMaps(mapSpec({ name: 'arena', type: MAP_TYPE.ARENA })));
    expect(refused).toMatchObject({ ok: false, error: { stage: 'unsupported' } });
    expect(refused.ok ? '' : refused.error.message).toContain('ARENA');
  });

  test('perf arrays without a size have one entry a CPU', () => {
    const object = loadObject(withMaps(mapSpec({ type: MAP_TYPE.PERF_EVENT_ARRAY, value_size: 4, max_entries: 0 })), {
      cpus: 3,
    });
    expect(object.ok && object.value.map('m')?.def.max_entries).toBe(3);
  });
});

/** `optional`'s program wrong_helper, with another helper in the place of its call. */
function calling(helper: number, type: number, license = 'GPL'): ObjectSpec {
  const spec = openFixture('optional');
  const program = spec.programs.find((one) => one.name === 'wrong_helper')!;
  const insns = program.insns.slice();
  const call = insns.findIndex((byte, i) => i % 8 === 0 && byte === 0x85) / 8;
  setImm(insns, call, helper);
  return {
    ...spec,
    license,
    programs: spec.programs.map((one) => (one === program ? { ...program, insns, type } : one)),
  };
}

function refusalOf(spec: ObjectSpec, lenient = false): { stage: string; errno: number; message: string } | null {
  const object = loadObject(spec, { lenient });
  if (!object.ok) throw new Error(object.error.message);
  const program = object.value.program('wrong_helper');
  expect(run(object.value, 'always').retval).toBe(2);
  return program.ok ? null : program.error;
}

describe('helpers', () => {
  test('one that is not for the type refuses the program, in the kernel’s words', () => {
    const refusal = refusalOf(openFixture('optional'));
    expect(refusal).toMatchObject({ stage: 'load', errno: ERRNO.EINVAL });
    expect(refusal?.message).toMatch(
      /^program wrong_helper: program of this type \(XDP\) cannot use helper bpf_skb_change_tail#38 \(.*optional\.bpf\.c:20\)$/,
    );
  });

  test('one that no kernel has', () => {
    expect(refusalOf(calling(300, PROG_TYPE.XDP))).toMatchObject({ stage: 'load', errno: ERRNO.EINVAL });
    expect(refusalOf(calling(300, PROG_TYPE.XDP))?.message).toContain('invalid func unknown#300');
  });

  test('a GPL-only one without the license', () => {
    const printk = helperId('trace_printk')!;
    expect(refusalOf(calling(printk, PROG_TYPE.XDP, 'Proprietary'))).toMatchObject({ errno: ERRNO.EINVAL });
    expect(refusalOf(calling(printk, PROG_TYPE.XDP, 'Proprietary'))?.message).toContain(
      'cannot call GPL-restricted function bpf_trace_printk',
    );
    expect(refusalOf(calling(printk, PROG_TYPE.XDP, 'Dual MIT/GPL'))).toBeNull();
  });

  test('one that the engine does not have is named; its siblings run', () => {
    const refusal = refusalOf(calling(helperId('send_signal')!, PROG_TYPE.XDP));
    expect(refusal).toMatchObject({ stage: 'unsupported', errno: 0 });
    expect(refusal?.message).toStartWith('program wrong_helper: bpf_send_signal is not supported');
  });

  test('under lenient it is a fault when it is called', () => {
    const spec = calling(helperId('send_signal')!, PROG_TYPE.XDP);
    expect(refusalOf(spec, true)).toBeNull();
    const object = loadObject(spec, { lenient: true });
    if (!object.ok) throw new Error(object.error.message);
    expect(run(object.value, 'wrong_helper').fault).toMatchObject({
      ...{ kind: 'unsupported', message: 'bpf_send_signal is not supported' },
    });
  });
});

describe('programs', () => {
  test('one that is not there', () => {
    const refused = loadFixture('optional').program('nothing');
    expect(refused.ok ? '' : refused.error.message).toBe(
      'the object has no program nothing: it has always, on_demand, wrong_helper',
    );
  });

  test('a type by name overrides the section’s', () => {
    const object = loadFixture('optional', { types: { wrong_helper: PROG_TYPE.SCHED_CLS } });
    expect(object.program('wrong_helper').ok).toBe(true);
  });

  test('weak externs are 0', () => {
    expect(run(loadFixture('weak-externs'), 'ask_for_nothing').retval).toBe(2);
  });

  test('a refused program reached by a tail call is a fault that names it', () => {
    const spec = openFixture('tail-calls');
    const programs = spec.programs.map((one) =>
      one.name === 'tail_drop'
        ? { ...one, error: { stage: 'load' as const, errno: 22, message: 'tail_drop is broken', where: {} } }
        : one,
    );
    const object = loadObject({ ...spec, programs });
    if (!object.ok) throw new Error(object.error.message);
    const { fault } = run(object.value, 'tail_by_length', { data_in: new Uint8Array(14) });
    expect(fault?.message).toBe('a tail call reached a program that cannot run: tail_drop is broken');
    expect(fault?.program).toBe('tail_by_length');
  });

  test('ids and places in the table are the world’s', () => {
    const object = loadFixture('tail-calls');
    const ids = object.spec.programs.map(({ name }) => {
      const program = object.program(name);
      return program.ok ? [program.value.id, object.world.programs.nameOf(program.value.id)] : [];
    });
    expect(ids).toEqual(object.spec.programs.map(({ name }, i) => [i + 1, name]));
  });
});
