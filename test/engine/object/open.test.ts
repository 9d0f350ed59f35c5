/** Objects as they come: programs and maps of every shape, externs, tags, old definitions, and files that are no objects. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { openObject } from '../../../engine/object/open.ts';
import { POISON_CORE, POISON_KFUNC } from '../../../engine/object/poison.ts';
import type { ObjectSpec, ProgramSpec } from '../../../engine/object/spec.ts';
import { immAt } from '../../../engine/uapi/insn.ts';

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, FIXTURES)));

function open(path: string, btf?: string): ObjectSpec {
  const opts = btf === undefined ? {} : { btf: read(btf), btf_name: btf };
  const opened = openObject({ path, bytes: read(path) }, opts);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function refusal(bytes: Uint8Array): string {
  const opened = openObject({ path: 'x.o', bytes });
  return opened.ok ? 'opened' : opened.error.message;
}

const shapes = open('loader/shapes.bpf.o');
const program = (name: string, object = shapes): ProgramSpec => object.programs.find((p) => p.name === name)!;
const functions = (p: ProgramSpec) => p.subprogs.map((s) => s.name);

describe('programs', () => {
  test('static functions are subprograms, unless a tag puts them into a slot', () => {
    const names = shapes.programs.map((p) => p.name);
    expect(names).toContain('tailed');
    expect(names).not.toContain('in_section');
    expect(program('tailed').tags).toEqual(['tail:calls/2']);
    expect(shapes.maps.find((m) => m.name === 'calls')!.values).toEqual([{ index: 2, name: 'tailed' }]);
  });

  test('calls across sections, to static, hidden and weak functions', () => {
    const p = program('across_sections');
    expect(functions(p)).toEqual([
      'across_sections',
      'helper_global',
      'helper_static',
      'helper_hidden',
      'helper_weak',
      'in_section',
    ]);
    expect(p.subprogs.map((s) => s.global)).toEqual([true, true, false, false, true, false]);
    expect(p.error).toBeNull();
  });

  test('pointers to functions are relative to the next instruction', () => {
    const p = program('callbacks');
    const each = p.subprogs.find((s) => s.name === 'each')!;
    const at = Array.from({ length: p.insns.length / 8 }, (_, i) => i).find(
      (i) => p.insns[i * 8] === 0x18 && p.insns[i * 8 + 1]! >> 4 === 4,
    )!;
    expect(at + immAt(p.insns, at) + 1).toBe(each.start);
    expect(p.tags).toEqual(['comment:test_retval=7']);
  });

  test('lines are those of the linked program', () => {
    const p = program('across_sections');
    const start = p.subprogs.find((s) => s.name === 'helper_weak')!.start;
    const line = p.lines.find((l) => l.insn >= start)!;
    expect(line.text).toBe('weak noinline int helper_weak(int x)');
    expect(line.file).toEndWith('shapes.bpf.c');
    expect(p.lines.map((l) => l.insn)).toEqual(p.lines.map((l) => l.insn).sort((a, b) => a - b));
  });

  test('types, flags and targets of sections', () => {
    expect(program('in_devmap')).toMatchObject({ type: 6, attach_type: 33, prog_flags: 32 });
    expect(program('sleepable')).toMatchObject({ type: 26, attach_target: 'some_function', prog_flags: 16 });
    expect(program('data')).toMatchObject({ type: 3, section: 'from-container' });
    expect(open('objects/optional/optional.bpf.o').programs.map((p) => p.autoload)).toEqual([true, false, false]);
  });
});

describe('externs', () => {
  test('.kconfig is laid out and filled in', () => {
    const kconfig = shapes.maps.find((m) => m.name === '.kconfig')!;
    expect(Buffer.from(kconfig.data!).toString('hex')).toBe(`fa000000${'00'.repeat(16)}0101`);
    expect(program('known_config').error).toBeNull();
    expect(program('known_config').relocs).toMatchObject([
      { kind: 'map_value', name: '.kconfig', off: 0 },
      { off: 12 },
      { off: 8 },
      { off: 20 },
      { off: 21 },
    ]);
  });

  test('the kernel is 6.18.0', () => {
    const { maps } = open('objects/kconfig/kconfig.bpf.o');
    const { data } = maps.find((m) => m.name === '.kconfig')!;
    expect(new DataView(data!.buffer).getUint32(4, true)).toBe(0x061200);
  });

  test('what is missing stops one program', () => {
    expect(program('strong_config').error).toMatchObject({
      stage: 'open',
      message: expect.stringContaining('CONFIG_NOT_KNOWN'),
    });
    expect(program('strong_variable').error).toMatchObject({
      stage: 'unsupported',
      message: expect.stringContaining('kernel_variable'),
    });
    expect(program('strong_function').error).toMatchObject({
      stage: 'unsupported',
      message: expect.stringContaining('kernel_function'),
    });
    expect(program('strong_function').relocs).toMatchObject([{ kind: 'kfunc', name: 'kernel_function', weak: false }]);
  });

  test('a weak function is at 0, and calling it is poison', () => {
    const p = program('weak_function');
    expect(p.error).toBeNull();
    expect(p.relocs).toMatchObject([
      { insn: 1, kind: 'extern', weak: true },
      { insn: 5, kind: 'kfunc', weak: true },
    ]);
    expect([...p.insns.slice(8, 24)]).toEqual([0x18, p.insns[9]! & 15, ...Array(14).fill(0)]);
    expect(immAt(p.insns, 5)).toBe(POISON_KFUNC);
  });
});

describe('maps', () => {
  test('inner maps, slots, extras, sizes of ring buffers', () => {
    const map = (name: string) => shapes.maps.find((m) => m.name === name);
    expect(map('outer')).toMatchObject({
      value_size: 4,
      inner: { type: 1, key_size: 4, value_size: 4, max_entries: 4 },
      values: [
        { index: 0, name: 'inner_one' },
        { index: 2, name: 'inner_two' },
      ],
    });
    expect(map('bloom')).toMatchObject({ type: 30, map_extra: 3n, key_size: 0 });
    expect(map('events')).toMatchObject({ max_entries: 8192 });
    expect(map('owned_values')).toMatchObject({ pinning: 1, map_flags: 0x400, value_size: 48 });
  });

  test('data sections, custom ones too', () => {
    const data = shapes.maps.filter((m) => m.data !== null).map((m) => [m.name, m.map_flags, m.data!.length]);
    expect(data).toEqual([
      ['.rodata.str1.1', 0x80, 11],
      ['.data', 0x400, 16],
      ['.data.custom', 0x400, 32],
      ['.bss.custom', 0x400, 4],
      ['.kconfig', 0x480, 22],
    ]);
    expect(shapes.warnings).toContain('.data holds 2 addresses, which no loader fills in');
  });

  test('old definitions without BTF', () => {
    const old = open('loader/old-maps.bpf.o');
    const map = (name: string) => old.maps.find((m) => m.name === name);
    expect(old.btf).toBeNull();
    expect(map('jumps')!.values).toEqual([
      { index: 7, name: 'seventh' },
      { index: 1, name: 'first' },
    ]);
    expect(map('pinned')).toMatchObject({ type: 1, value_size: 8, map_flags: 1, pinning: 1 });
    expect(map('outer')!.inner).toMatchObject({ type: 2, max_entries: 3 });
    expect(map('alone')).toMatchObject({ section: 'maps/alone', max_entries: 1 });
    expect(map('.data')!.data).toEqual(new Uint8Array([5, 0, 0, 0]));
    expect(map('.rodata')).toMatchObject({ map_flags: 0x80, value_type_id: 0 });
    expect(program('unresolved', old).error!.message).toBe('unresolved: calls nowhere, which is not defined anywhere');
    expect(program('seventh', old).error).toBeNull();
  });
});

describe('CO-RE', () => {
  test('against other types, by an object or its raw BTF', () => {
    const byObject = open('loader/core-reader.bpf.o', 'loader/core-target.bpf.o');
    expect(byObject.core_target).toBe('loader/core-target.bpf.o');
    const target = open('loader/core-target.bpf.o');
    const opened = openObject({ path: 'r', bytes: read('loader/core-reader.bpf.o') }, { btf: target.btf!.raw });
    expect(opened.ok && opened.value.programs.map((p) => p.insns)).toEqual(byObject.programs.map((p) => p.insns));
  });

  test('without a target the instruction is poison, and a warning says so', () => {
    const object = open('loader/core-reader.bpf.o', 'loader/core-target.bpf.o');
    const p = program('unguarded', object);
    expect(p.error).toBeNull();
    expect(p.poisoned).toEqual([{ insn: 9, message: 'struct thing.missing is not in loader/core-target.bpf.o' }]);
    expect(Array.from({ length: p.insns.length / 8 }, (_, i) => immAt(p.insns, i))).toContain(POISON_CORE);
    expect(object.warnings.join('\n')).toContain('unguarded: struct thing.missing is not in loader/core-target.bpf.o');
    expect(object.warnings.join('\n')).toContain('struct thing___other.signed_one has another size');
  });

  test("against the object's own types", () => {
    const core = open('objects/core/core.bpf.o');
    expect(core.core_target).toBe("the object's own types");
    expect(core.warnings).toEqual([]);
  });

  test('types that are no BTF', () => {
    const opened = openObject(
      { path: 'r', bytes: read('loader/core-reader.bpf.o') },
      { btf: new Uint8Array(40), btf_name: 'b' },
    );
    expect(opened.ok ? '' : opened.error.message).toBe('BTF of b: does not start with the BTF magic');
  });
});

describe('no objects', () => {
  const good = read('objects/globals/globals.bpf.o');
  const changed = (at: number, ...bytes: number[]) => {
    const copy = good.slice();
    copy.set(bytes, at);
    return refusal(copy);
  };

  test('say what they are instead', () => {
    expect(refusal(new Uint8Array(0))).toBe('the file is empty');
    expect(refusal(new TextEncoder().encode('int main() {}'))).toContain('not an ELF file');
    expect(refusal(good.slice(0, 40))).toContain('ELF header is cut');
    expect(refusal(good.slice(0, 400))).toContain('past the end of the file');
    expect(changed(4, 1)).toContain('not a 64-bit ELF file');
    expect(changed(5, 2)).toContain('big-endian');
    expect(changed(16, 2)).toContain('not a relocatable object');
    expect(changed(18, 62)).toContain('e_machine is 62');
    expect(changed(18, 0, 0)).toBe('opened');
  });

  test('the place is the section and the offset', () => {
    const opened = openObject({ path: 'x.o', bytes: good.slice(0, good.length - 64) });
    expect(opened.ok ? null : opened.error).toMatchObject({
      stage: 'open',
      where: { section: 'ELF header', offset: 60 },
    });
  });
});
