/** Map content the fixture programs are run with. */

export type Content = Readonly<Record<string, unknown>>;

/** By object, then by content's name. Objects not named run on maps as they are. */
export const CONTENTS: Readonly<Record<string, Readonly<Record<string, Content>>>> = {
  'map-array': {
    'counters half full': { by_protocol: { 17: { packets: 5, bytes: 500 } }, totals: { 1: { packets: 1, bytes: 2 } } },
  },
  'map-hash': {
    'two flows': {
      flows: [
        [{ source: 1, destination: 2, protocol: 3 }, 4],
        [{ source: 5, destination: 6, protocol: 7 }, 8],
      ],
    },
    'this flow': { flows: [[{ source: 0x0100000a, destination: 0x0200000a, protocol: 17 }, 99]] },
    remembered: { recent: [[5, 41]], per_cpu: [[9, 7]], recent_per_cpu: [[9, 1]] },
  },
  'map-lpm': {
    routes: {
      v4_routes: [
        [{ length: 8, address: 0x0000000a }, 2],
        [{ length: 16, address: 0x0000010a }, 3],
        [{ length: 0, address: 0 }, 1],
      ],
      v6_routes: [[{ length: 32, address: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, 3]],
    },
  },
  'map-in-map': {
    'hash of maps': { hash_outer: { 0: 'first', 2: { 1: 5 }, 3: 'second' }, first: { 1: 10, 2: 20 } },
    'other slots': { array_outer: { 1: { 0: 3, 1: 4, 2: 5, 3: 6 }, 2: 'first' } },
  },
  'queue-stack': { 'one in each': { queue: [7], stack: [8, 9] } },
  redirects: { targets: { devices: { 1: 1 }, device_hash: { 70000: 1 }, cpus: { 0: { qsize: 192 } } } },
  callbacks: {
    filled: { numbers: [1, 2, 3, 4, 5], ages: { 100: 60, 3: 1 } },
  },
  globals: {
    'other limits': { '.rodata': { threshold: 100, limits: { low: 50, high: 90 } }, '.data': { longest: 70 } },
  },
  'spin-lock': { balances: { accounts: [{ balance: 1000 }, { balance: 5 }] } },
  'variable-offsets': { full: { scratch: [Array.from({ length: 256 }, (_, i) => i)] } },
  'tail-calls': { 'other slots': { jumps: { 2: 'tail_drop', 3: 'tail_by_length', 7: 'tail_count' } } },
};
