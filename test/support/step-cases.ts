/** Cases with steps on fixture objects, that hold in the engine and in the kernel alike. */
import { pkt } from '../../src/define.ts';
import type { SettledCase } from '../../src/test-case.ts';
import { fixtureCase } from './fixture-cases.ts';

const udp = pkt.eth().ipv4({ saddr: '10.0.0.1', daddr: '10.0.0.2', ttl: 9 }).udp({ source: 5, dest: 53 });
const counted = (packets: number) => ({ by_protocol: { 17: { packets } } });

export const STEP_CASES: readonly SettledCase[] = [
  fixtureCase({
    name: 'maps are kept from step to step',
    object: 'map-array',
    program: 'count_in_place',
    data_in: udp,
    expect: { retval: 'XDP_PASS' },
    steps: [
      { expect: { maps: counted(1) } },
      { repeat: 3, expect: { maps: counted(4) } },
      { maps: { by_protocol: { 17: { packets: 100, bytes: 0 } } }, expect: { maps: counted(101) } },
    ],
  }),
  fixtureCase({
    name: 'entries that go between steps, and slots that a suite filled',
    object: 'map-hash',
    program: 'remember',
    data_in: udp,
    maps: { recent: { 5: 7, 6: null } },
    steps: [
      { expect: { maps: { recent: { 5: 8, 6: null } } } },
      { maps: { recent: { 5: null }, per_cpu: { 77: null } }, expect: { maps: { recent: { 5: 1 } } } },
    ],
  }),
  fixtureCase({
    name: 'per-CPU values by list, by CPU, as a sum',
    object: 'map-array',
    program: 'count_in_place',
    data_in: udp,
    maps: { totals: { 1: [{ packets: 5, bytes: 0 }] } },
    steps: [
      { expect: { maps: { totals: { 1: [{ packets: 6 }] } } } },
      { expect: { maps: { totals: { 1: { cpu: 0, value: { packets: 7 } } } } } },
    ],
  }),
  fixtureCase({
    name: 'each step has its own clock',
    object: 'environment',
    program: 'ask_all',
    data_in: udp,
    steps: [
      { env: { time_ns: 8_000_000, seed: 1 }, expect: { maps: { '.bss': { times: [8_000_000] } } } },
      { env: { time_ns: 400_000_000_000n }, expect: { maps: { '.bss': { times: [400_000_000_000n] } } } },
    ],
  }),
  fixtureCase({
    name: 'a variable set between steps leaves the others alone',
    object: 'ringbuf',
    program: 'report',
    data_in: udp,
    steps: [
      { expect: { maps: { '.bss': { sequence: 1 } } } },
      { maps: { '.bss': { full: 7 } }, expect: { maps: { '.bss': { sequence: 2, full: 7 } } } },
    ],
  }),
  fixtureCase({
    name: 'records are those of their step, by type',
    object: 'ringbuf',
    program: 'report',
    data_in: udp,
    steps: [1, 2].map((sequence) => ({
      expect: {
        records: [{ map: 'events', type: 'struct event', value: { length: 42, protocol: 0x0800, sequence } }],
      },
    })),
  }),
  fixtureCase({
    name: 'another program on the same maps',
    object: 'ringbuf',
    program: 'report',
    data_in: udp,
    steps: [
      { expect: { records: [{ type: 'event', value: { sequence: 1 } }] } },
      { program: 'output', expect: { records: [{ type: 'event', value: { sequence: 3 } }] } },
      { expect: { maps: { '.bss': { sequence: 2 } }, records: [{ type: 'event', value: { sequence: 2 } }] } },
    ],
  }),
  fixtureCase({
    name: 'perf records by type and text',
    object: 'perf-events',
    program: 'sample_skb',
    data_in: udp,
    expect: { records: [/./] },
  }),
  fixtureCase({
    name: 'the context as it is left',
    object: 'tc-context',
    program: 'read_context',
    data_in: udp,
    ctx_in: { mark: 7, priority: 3 },
    expect: { ctx_out: { mark: 7, priority: '3', cb: [0, 0, 0, 0, 0] } },
  }),
  fixtureCase({
    name: 'header fields of the packet',
    object: 'map-array',
    program: 'count_in_place',
    data_in: udp,
    expect: { data_out: { 'ipv4.ttl': 9, 'ipv4.saddr': '10.0.0.1', 'udp.dest': 53, 'udp.check': 'right', vlan: null } },
  }),
  fixtureCase({
    name: 'two objects of one world: a map pinned by name, a prog array into the other',
    object: 'shared/entry',
    program: 'enter',
    with: ['shared/stage'],
    data_in: udp,
    maps: { next: { 1: 'stage.bpf.o#decide' }, 'stage.bpf.o#.rodata': { limit: 1 } },
    steps: [
      { expect: { retval: 'XDP_TX', maps: { counts: { 0: { packets: 1, bytes: 42 } } } } },
      {
        expect: {
          retval: 'XDP_DROP',
          maps: {
            counts: { 0: { packets: 2 } },
            'stage.bpf.o#counts': { 0: { packets: 2 } },
            'stage.bpf.o#.bss': { dropped: 1 },
            '.bss': { fell_through: 0 },
            next: { 1: 'stage.bpf.o#decide' },
          },
        },
      },
      {
        maps: { counts: { 0: { packets: 0, bytes: 0 } }, 'stage.bpf.o#.bss': { dropped: 7 } },
        expect: { retval: 'XDP_TX' },
      },
      { repeat: 2, expect: { retval: 'XDP_DROP', maps: { 'stage.bpf.o#.bss': { dropped: 9 } } } },
    ],
  }),
  fixtureCase({
    name: 'what a Bloom filter may hold, and what it does not',
    object: 'bloom',
    program: 'first_seen',
    data_in: udp,
    maps: { sources: [7] },
    steps: [
      { expect: { retval: 'XDP_DROP', maps: { sources: { has: [7, 0x0100000a], lacks: [8] } } } },
      { expect: { retval: 'XDP_PASS', maps: { sources: [0x0100000a] } } },
    ],
  }),
];
