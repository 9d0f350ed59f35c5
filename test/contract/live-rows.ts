/** Section 11 of the contract, live frames, row by row: what each says, and which cases show it, by their names. */
import { PARAM_ROWS, type ParamRow } from '../support/live/params.ts';
import { EFFECT_ROWS, RECYCLING_ROWS } from '../support/live/rows.ts';
import type { Scenario } from '../support/live/scenario.ts';

interface Row {
  readonly says: string;
  /** Names of the cases; each case shows one row. */
  readonly shows: RegExp;
}

/** 11.1: calls with one frame, and their errno. */
const PARAMETERS: Readonly<Record<string, Row>> = {
  '11.1': { says: 'repeat 0 is one frame', shows: /^repeat 0$/ },
  '11.2': {
    says: 'batch_size 0 is 64, 1 to 256 are taken, more is E2BIG',
    shows: /^(batch_size \d+|a batch too large.*)$/,
  },
  '11.3': { says: 'batch_size without the flag is EINVAL', shows: /^batch_size without/ },
  '11.4': { says: 'the flag beside any other is EINVAL', shows: /^flag \d+ beside$/ },
  '11.5': { says: 'ctx_out is EINVAL', shows: /^ctx_out/ },
  '11.6': {
    says: 'data_out with ctx_in is EINVAL, without it the packet comes back as it was',
    shows: /^(data_out|data_size_out|room for)/,
  },
  '11.7': { says: 'cpu is ignored', shows: /^cpu is ignored$/ },
  '11.8': { says: '14 to 3408 bytes', shows: /^\d+ bytes$/ },
  '11.9': { says: 'data_end of the context is the size of the packet', shows: /^data_end/ },
  '11.10': {
    says: 'metadata: a multiple of 4, at most 216 bytes, 14 bytes of packet behind it',
    shows: /^(metadata of|\d+ bytes, 8 of them)/,
  },
  '11.11': {
    says: 'data_meta, egress, queue and device as in ordinary mode',
    shows: /^(data_meta|egress_|a device|a queue|loopback)/,
  },
  '11.12': { says: 'the size of the context as in ordinary mode', shows: /^a context/ },
};

/** 11.2: what becomes of the frames. */
const EFFECTS: Readonly<Record<string, Row>> = {
  '11.20': {
    says: 'DROP, ABORTED and other verdicts: no event, the page is recycled',
    shows: /^(DROP|ABORTED|verdict \d+)$/,
  },
  '11.21': { says: 'PASS: up from the ingress device after the flush, with its drop reasons', shows: /^PASS/ },
  '11.22': {
    says: 'TX: a redirect to ingress, sent by sixteens',
    shows: /^(TX|DROP, PASS, TX in turn|TX and PASS in turn.*)$/,
  },
  '11.23': { says: 'the program at the far end: pass, abort, unknown, send back, redirect', shows: /^the far end/ },
  '11.24': { says: 'bpf_redirect to a device, to itself', shows: /^bpf_redirect( to the device itself)?$/ },
  '11.25': { says: 'a redirect by map: devmap and devmap_hash', shows: /^devmap(_hash)?$/ },
  '11.26': {
    says: "a devmap's program runs on what leaves, with both devices in its context",
    shows: /^devmap(,| program)( its program says|, its)/,
  },
  '11.27': {
    says: 'broadcast, but to ingress, by any key, with programs',
    shows: /^broadcast( but to ingress| by .*| with programs)?$/,
  },
  '11.28': {
    says: 'broadcast that reaches nobody, or is too long, is lost silently',
    shows: /^broadcast (to nobody|to ingress alone.*|of 1519 bytes)$/,
  },
  '11.29': { says: 'broadcast passes over what is down or takes nothing', shows: /^broadcast with a device/ },
  '11.30': { says: 'cpumap: by eights, then to the stack of that CPU', shows: /^cpumap( to the first CPU)?$/ },
  '11.31': { says: "a cpumap's program: its verdicts are counted, no exception", shows: /^cpumap, its program/ },
  '11.32': { says: 'a cpumap queue that is full drops the rest', shows: /^cpumap of 8 places/ },
  '11.33': {
    says: 'a missing key acts as the flags say; flags that are none drop',
    shows: /^(devmap, no entry|cpumap, no entry|devmap with a flag|xskmap without)/,
  },
  '11.34': { says: 'bpf_redirect with flags drops silently', shows: /^bpf_redirect with a flag$/ },
  '11.35': { says: 'to a device that is not there: EINVAL', shows: /^bpf_redirect to (nobody|0)$/ },
  '11.36': { says: 'REDIRECT without a helper: ENOTCONN', shows: /^REDIRECT without a helper$/ },
  '11.37': {
    says: 'a device without ndo_xdp_xmit: EOPNOTSUPP',
    shows: /^(bpf_redirect to (ifb|loopback|a veth.*)|devmap to ifb|TX (without a context|on ifb))$/,
  },
  '11.38': {
    says: 'a device that is down: ENETDOWN',
    shows: /^(?!tc).*to a device that is down$|^TX on a device that is down$/,
  },
  '11.39': {
    says: 'a far end that is down: ENXIO, all dropped',
    shows: /^(?!tc|devmap program).*whose far end is down$/,
  },
  '11.40': { says: 'more than the MTU and 18 bytes: EMSGSIZE', shows: /(^TX|^bpf_redirect) of \d+ bytes$/ },
  '11.41': { says: 'queues are flushed at 16 and at the end of each batch', shows: /^(TX, batch \d+|repeat 0)$/ },
  '11.42': { says: 'the ring of a veth device takes 256', shows: /^TX of 4096 frames/ },
  '11.43': {
    says: 'the bounds begin anew for each frame; head, tail and metadata move as far as in the kernel',
    shows: /^(head|tail|meta) [+-]/,
  },
  '11.44': {
    says: 'metadata of ctx_in is in front of every frame, and not on the wire',
    shows: /^metadata from ctx_in/,
  },
  '11.45': { says: 'a program at tc ingress decides on what goes up', shows: /^tc: / },
};

/** 11.3: which page a frame gets, and what is in it. */
const PAGES: Readonly<Record<string, Row>> = {
  '11.60': { says: 'pages of frames that are dropped or fail', shows: /^pages: (DROP|a redirect that fails), batch/ },
  '11.61': { says: 'pages of frames that leave or go up', shows: /^pages: (TX|PASS), batch/ },
  '11.62': { says: 'pages of both in turn', shows: /^pages: DROP, TX, PASS/ },
};

/** Rows of section 11 that tests of their own show. */
export const LIVE_SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  '11.70': 'test/engine/maps/kernel-special-ops.test.ts: updates of devmaps and cpumaps as the kernel answers them',
  '11.71': 'test/kernel/live-both.test.ts: a socket that holds its datagrams holds their pages',
  '11.72': 'test/kernel/live-both.test.ts: each call begins with a fresh pool',
};

const ELSEWHERE_SAYS: Readonly<Record<string, string>> = {
  '11.70': 'what devmaps and cpumaps take',
  '11.71': 'pages that sockets hold stay in flight when the run ends',
  '11.72': 'each call begins with a fresh pool',
};

export const LIVE_SECTIONS = {
  'live: attributes': PARAMETERS,
  'live: effects': EFFECTS,
  'live: pages': PAGES,
} as const;
export type LiveSection = keyof typeof LIVE_SECTIONS;

/** Every row by number, with what it says. */
export const LIVE_ROWS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.values(LIVE_SECTIONS).flatMap((rows) => Object.entries(rows).map(([id, { says }]) => [id, says] as const)),
  ),
  ...ELSEWHERE_SAYS,
};

/** A case with the row that it shows; '' when it shows none. */
export type LiveCase = { readonly id: string; readonly section: LiveSection; readonly name: string } & (
  | { readonly scenario: Scenario; readonly param?: never }
  | { readonly param: ParamRow; readonly scenario?: never }
);

function idOf(section: LiveSection, name: string): string {
  const found = Object.entries(LIVE_SECTIONS[section]).filter(([, { shows }]) => shows.test(name));
  return found.length === 1 ? found[0]![0] : '';
}

export const LIVE_CASES: readonly LiveCase[] = [
  ...PARAM_ROWS.map((param): LiveCase => {
    return { id: idOf('live: attributes', param.name), section: 'live: attributes', name: param.name, param };
  }),
  ...EFFECT_ROWS.map((scenario): LiveCase => {
    return { id: idOf('live: effects', scenario.name), section: 'live: effects', name: scenario.name, scenario };
  }),
  ...RECYCLING_ROWS.map((scenario): LiveCase => {
    return { id: idOf('live: pages', scenario.name), section: 'live: pages', name: scenario.name, scenario };
  }),
];
