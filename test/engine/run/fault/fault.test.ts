/** Every program of fixtures/objects/faults ends in a fault that names what it did, where, and on which line of which source. */
import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { loadFixture, run } from '../../../support/fixture-object.ts';

/** Kind, sentence, a piece of the source line. */
const EXPECTED: Readonly<Record<string, readonly [kind: string, message: string, source: string]>> = {
  'above-stack': ['out of bounds', 'writes 8 bytes at r10+0, above the stack frame', 'r10 + 0'],
  'aliased-pointer': [
    'out of bounds',
    'reads 1 byte at 0x100200100, which is no memory of the program',
    'return *(volatile __u8 *)((__u64)data + (1ULL << 32));',
  ],
  'below-stack': [
    'out of bounds',
    'writes 8 bytes at r10-520, 8 bytes below the 512 bytes of the stack frame',
    'r10 - 520',
  ],
  'beyond-map-value': [
    'out of bounds',
    'reads 4 bytes at offset 8 of a value of map cells, which has 8 bytes: 4 bytes past its end',
    'return value[2];',
  ],
  'context-out-of-bounds': [
    'out of bounds',
    'reads 4 bytes at offset 160 of struct xdp_md, which has 24 bytes: 140 bytes past its end',
    '+ 40);',
  ],
  'endless-loop': ['endless loop', 'stopped after 100000', 'spin'],
  'helper-bad-pointer': [
    'NULL pointer',
    'bpf_map_lookup_elem reads 4 bytes at 0x10: no memory is there',
    'bpf_map_lookup_elem',
  ],
  'null-map-value': [
    'NULL pointer',
    'reads 8 bytes at 0x0: the result of bpf_map_lookup_elem (line 16) was used without a NULL check',
    'return *value;',
  ],
  'packet-one-past-end': [
    'out of bounds',
    'reads 1 byte at offset 64 of the packet, which has 64 bytes: 1 byte past data_end',
    'DATA_END(ctx)',
  ],
  'packet-out-of-bounds': [
    'out of bounds',
    'reads 1 byte at offset 2000 of the packet, which has 64 bytes: 1937 bytes past data_end',
    '2000',
  ],
  'packet-write-before': [
    'out of bounds',
    'writes 1 byte at offset -1 of the packet, which has 64 bytes: 1 byte before data',
    '- 1) = 1;',
  ],
  'stale-packet-pointer': [
    'stale packet pointer',
    'reads 1 byte through a packet pointer from before bpf_xdp_adjust_head (line 12) moved the packet: load data and data_end again',
    'return data[0];',
  ],
  'wild-pointer': [
    'out of bounds',
    'reads 4 bytes at 0xdeadbeefcafe, which is no memory of the program',
    '0xdeadbeefcafeULL',
  ],
  'write-context': [
    'context access',
    'writes 4 bytes of ctx->data_end, which programs of this type cannot write',
    '0x7fffffff',
  ],
  'write-read-only': ['read-only memory', 'writes 4 bytes at offset 0 of a value of map .rodata', '= 6;'],
};

const OBJECTS = readdirSync(new URL('../../../../fixtures/objects/faults/', import.meta.url))
  .filter((name) => name.endsWith('.bpf.o'))
  .map((name) => name.replace('.bpf.o', ''));

test('every fixture is expected', () => expect(Object.keys(EXPECTED).sort()).toEqual(OBJECTS.sort()));

describe('faults', () => {
  for (const [name, [kind, message, source]] of Object.entries(EXPECTED)) {
    test(name, () => {
      const program = name.replaceAll('-', '_');
      const result = run(loadFixture(`faults/${name}`), program, { budget: 1_000_000 });
      const { fault } = result;
      expect(fault?.kind).toBe(kind);
      expect(fault?.message).toStartWith(message);
      expect(fault?.source).toContain(source);
      expect(fault?.program).toBe(program);
      expect(fault?.file).toEndWith(`${name}.bpf.c`);
      expect(fault?.line).toBeGreaterThan(5);
      expect(fault?.section).toBe('xdp');
      expect(fault?.text).not.toBe('');
      expect(fault?.registers).toBeArrayOfSize(11);
      expect([result.errno, result.retval]).toEqual([0, null]);
    });
  }
});

test('after a fault the world is as before: the next run is fine', () => {
  const object = loadFixture('faults/null-map-value');
  expect(run(object, 'null_map_value').fault?.kind).toBe('NULL pointer');
  object.map('table')?.userUpdate(Uint8Array.of(9, 0, 0, 0), Uint8Array.of(42, 0, 0, 0, 0, 0, 0, 0), 0);
  expect(run(object, 'null_map_value')).toMatchObject({ fault: null, retval: 42 });
});
