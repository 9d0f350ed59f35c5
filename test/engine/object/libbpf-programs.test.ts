/** Programs and maps of the fixtures as libbpf made them (record-libbpf.c), instruction by instruction the same as ours. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { openObject } from '../../../engine/object/open.ts';
import type { MapSpec, ObjectSpec, ProgramSpec } from '../../../engine/object/spec.ts';

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
const RECORDED = readFileSync(new URL('libbpf-programs.txt', import.meta.url), 'utf8').split('\n');

const read = (path: string) => new Uint8Array(readFileSync(new URL(path, FIXTURES)));

function open(path: string): ObjectSpec {
  const target = path.endsWith('core-reader.bpf.o') ? { btf: read('loader/core-target.bpf.o') } : {};
  const opened = openObject({ path, bytes: read(path) }, target);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function programLine(path: string, p: ProgramSpec): string {
  const relocs = p.relocs.map((r) => `${r.insn}:${r.kind}:${r.name}+${r.off} `);
  const crc = Bun.hash.crc32(p.insns).toString(16);
  return ['program', path, p.name, p.type, p.attach_type, p.insns.length / 8, relocs.join(''), crc].join('|');
}

function mapLine(path: string, m: MapSpec, cpus: number): string {
  // libbpf puts the number of CPUs where a perf array leaves it open.
  const entries = m.type === 4 && m.max_entries === 0 ? cpus : m.max_entries;
  return ['map', path, m.name, m.type, m.key_size, m.value_size, entries, m.map_flags.toString(16)].join('|');
}

const paths = new Set(RECORDED.filter((l) => l.includes('|') && !l.startsWith(';')).map((l) => l.split('|')[1]!));

for (const path of paths) {
  test(path, () => {
    const spec = open(path);
    const recorded = RECORDED.filter((l) => l.split('|')[1] === path);
    const perf = recorded.find((l) => l.startsWith('map|') && l.split('|')[3] === '4');
    const cpus = Number(perf?.split('|')[6] ?? 0);
    const autoloaded = spec.programs.filter((p) => p.autoload);
    const ours = [...spec.maps.map((m) => mapLine(path, m, cpus)), ...autoloaded.map((p) => programLine(path, p))];
    // References to functions and externs have no map: libbpf has put them into the instructions.
    const settled = ours.map((l) => l.replaceAll(/\d+:(extern|kfunc):\S+ /g, ''));
    expect(settled.sort()).toEqual(recorded.sort());
  });
}

test('enough was recorded', () => {
  expect(paths.size).toBeGreaterThan(30);
});
