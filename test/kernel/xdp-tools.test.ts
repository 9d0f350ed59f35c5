/** Debian's xdp-tools objects on listed packets and map presets: verdict, packet and maps are the kernel's. Skipped where the package is missing. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ObjectSpec, openObject } from '../../engine/index.ts';
import { ethernet, ipv4, ipv6, tcp, udp } from '../support/frames.ts';
import { FRAMES } from './inputs.ts';
import { noKernel, presetsOf, runInARow } from './judge.ts';
import { skipText, tooOldFor } from './needs.ts';
import type { Content } from './presets.ts';

const FOLDER = ['/usr/lib/x86_64-linux-gnu/bpf', '/usr/lib/aarch64-linux-gnu/bpf', '/usr/lib/bpf'].find((folder) =>
  existsSync(join(folder, 'xdp-dispatcher.o')),
);
const SKIP = noKernel ?? (FOLDER === undefined ? 'xdp-tools is not installed' : null);

/** Bits of a filter's value: match as source, as destination, for TCP, for UDP. */
const MATCH = { SRC: 1, DST: 2, TCP: 4, UDP: 8 } as const;
const be16 = (port: number): number => ((port & 255) << 8) | (port >> 8);

const FILTER_FRAMES: Readonly<Record<string, Uint8Array>> = {
  ...FRAMES,
  'tcp to 80': ethernet(0x0800, ipv4(6, tcp(50000, 80, 0x10))),
  'tcp from 80': ethernet(0x0800, ipv4(6, tcp(80, 50000, 0x10))),
  'udp from 80': ethernet(0x0800, ipv4(17, udp(80, 50000))),
  'udp to 80 by ipv6': ethernet(0x86dd, ipv6(17, udp(1, 80))),
  'from 10.9.9.9': ethernet(0x0800, ipv4(17, udp(1, 2), { src: '10.9.9.9' })),
  'to 10.9.9.9': ethernet(0x0800, ipv4(6, tcp(1, 2, 2), { dst: '10.9.9.9' })),
  'from 2001:db8::9': ethernet(0x86dd, ipv6(6, tcp(1, 2, 2), { src: '2001:db8:0:0:0:0:0:9' })),
  'three vlans': ethernet(0x0800, ipv4(6, tcp(50000, 80, 0x10)), {
    vlans: [
      [0x8100, 1],
      [0x8100, 2],
      [0x88a8, 3],
    ],
  }),
};

const V6_NINE = { hex: '20010db8000000000000000000000009' };
/** Values of filter maps are u64s, of which the low bits count, the high ones count packets. */
const FILTERS: Readonly<Record<string, Content>> = {
  'nothing listed': {},
  sources: {
    filter_ports: { [be16(80)]: MATCH.SRC | MATCH.TCP | MATCH.UDP },
    filter_ipv4: [[0x0909090a, MATCH.SRC]],
    filter_ipv6: [[V6_NINE, MATCH.SRC]],
    filter_ethernet: [[{ hex: '020000000001' }, MATCH.SRC]],
  },
  destinations: {
    filter_ports: { [be16(80)]: MATCH.DST | MATCH.TCP, [be16(53)]: MATCH.DST | MATCH.UDP },
    filter_ipv4: [
      [0x0909090a, MATCH.DST],
      [0x0200000a, MATCH.DST],
    ],
    filter_ipv6: [[V6_NINE, MATCH.DST]],
    filter_ethernet: [[{ hex: '020000000002' }, MATCH.DST]],
  },
  both: {
    filter_ports: { [be16(80)]: 15, [be16(443)]: 15 },
    filter_ipv4: [[0x0100000a, 3]],
    filter_ipv6: [[V6_NINE, 3]],
    filter_ethernet: [[{ hex: 'ffffffffffff' }, 3]],
  },
};

/** struct xdp_dispatcher_config: how many of the ten places are taken, and at which verdicts to go on. */
const DISPATCHES: Readonly<Record<string, Content>> = {
  'no program': {},
  'all go on': { '.rodata': { conf: { num_progs_enabled: 10, chain_call_actions: Array(10).fill(0x8000_0000) } } },
  'third stops': {
    '.rodata': { conf: { num_progs_enabled: 5, chain_call_actions: [0x8000_0000, 0x8000_0000, 4, 4, 4] } },
  },
  'first stops': { '.rodata': { conf: { num_progs_enabled: 1, chain_call_actions: [4] } } },
};

function opened(file: string): ObjectSpec {
  const path = join(FOLDER ?? '', file);
  const spec = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
  if (!spec.ok) throw new Error(spec.error.message);
  return spec.value;
}

function wrongAnswers(file: string, program: string, content: Content) {
  const spec = opened(file);
  const names = spec.maps.map((map) => map.name);
  const presets = presetsOf(content).filter(({ map }) => names.includes(map));
  return runInARow(spec, program, presets, FILTER_FRAMES);
}

/** A test of one program on one content of its maps. */
function testProgram(file: string, program: string, what: string, content: Content): void {
  const why = SKIP ?? tooOldFor(opened(file), program);
  test.skipIf(why !== null)(
    `${file}/${program}, ${what}${skipText(why)}`,
    () => {
      expect(wrongAnswers(file, program, content)).toEqual([]);
    },
    180_000,
  );
}

describe.skipIf(SKIP !== null)(`xdp-tools on the kernel${SKIP === null ? '' : ` (skipped: ${SKIP})`}`, () => {
  const kinds = ['all', 'eth', 'ip', 'tcp', 'udp'];
  for (const name of kinds.flatMap((kind) => [`xdpfilt_alw_${kind}`, `xdpfilt_dny_${kind}`])) {
    for (const [what, content] of Object.entries(FILTERS)) testProgram(`${name}.o`, name, what, content);
  }
  for (const program of ['xdp_dispatcher', 'xdp_pass']) {
    for (const [what, content] of Object.entries(DISPATCHES)) {
      testProgram('xdp-dispatcher.o', program, what, content);
    }
  }
});
