/** Settled cases and outcomes for tests, with everything that does not matter filled in. */
import type { TestOutcome, Verdict } from '../../src/outcome.ts';
import { parseHex } from '../../src/packet/hex.ts';
import type { SettledCase } from '../../src/test-case.ts';

export function settled(name: string, more: Partial<SettledCase> = {}): SettledCase {
  const object = more.object ?? '/p/build/lb.o';
  const program = more.program ?? 'xdp_lb';
  const base = { file: '/p/test/lb.case.ts', line: 3, type: null, data_in: null, ctx_in: null, presets: [], env: {} };
  const rest = { repeat: 0, flags: 0, budget: null, mode: 'run' as const, skip_reason: '', expect: {} };
  return { id: `${object} › ${program} › ${name}`, name, object, program, ...base, ...rest, ...more };
}

export function outcomeOf(one: SettledCase, verdict: Verdict = 'pass', more: Partial<TestOutcome> = {}): TestOutcome {
  const nothing = { differences: [], reason: '', refusal: null, result: null, maps: [], maps_before: [], took_ms: 0.5 };
  return { id: one.id, verdict, ...nothing, ...more };
}

export const FAILED: Partial<TestOutcome> = {
  differences: [{ field: 'retval', at: '', expected: 'XDP_TX (3)', received: 'XDP_DROP (1)' }],
};

/** An Ethernet frame with an IPv4 and a UDP header. */
export const PACKET = parseHex(
  '02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 21 00 00 00 00 40 11 f6 c9 c0 00 02 01 c0 00 02 01' +
    '9c 40 00 35 00 0d 9b 89 68 65 6c 6c 6f',
);

/** The frame as a program left it that counted its TTL down and spoilt its port. */
const RECEIVED = PACKET.with(22, 63).with(37, 0x36);

const NO_RESULT = { errno: 0, reason: '', duration_ns: 50, ctx_out: null, ctx_size_out: null, ctx_in_after: null };

/** A failure with a packet, maps, printk lines and a fault. */
export const WITH_PACKET: Partial<TestOutcome> = {
  differences: [
    { field: 'retval', at: '', expected: 'XDP_TX (3)', received: 'XDP_DROP (1)' },
    { field: 'data_out', at: 'ipv4.ttl', expected: '64', received: '63' },
  ],
  map_changes: ['stats[0].dropped  0 → 1', 'connections[7]  added {backend: 1}'],
  result: {
    ...NO_RESULT,
    retval: 1,
    data_out: RECEIVED,
    data_size_out: RECEIVED.length,
    insns_executed: 28,
    printk: ['lb: no backend for key 7'],
    records: [],
    redirect: null,
    fault: {
      kind: 'out of bounds',
      message: 'reads 1 byte at offset 2000 of the packet, which has 47 bytes: 1954 bytes past data_end',
      program: 'xdp_lb',
      insn: 14,
      text: 'r0 = *(u8 *)(r1 +2000)',
      source: 'return data[2000];',
      file: './bpf/lb.bpf.c',
      line: 31,
      registers: [0n, 0x200100n],
    },
  },
};
