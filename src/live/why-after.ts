/** Frames that are lost after the redirect: in a device's bulk queue, at the other end of a veth, on another CPU, in a network stack. */
import type { LiveReport, NetnsName } from '../../engine/index.ts';
import { type Tracepoint, targetsOf } from './targets.ts';
import type { LiveDeviceInfo } from './types.ts';
import {
  dropsKey,
  type Found,
  found,
  frames,
  type LiveDeviceReport,
  type LiveFacts,
  type LossRow,
  nameOf,
  stackKey,
  stateOf,
  tracepoint,
} from './why-types.ts';

type Words = Pick<Found, 'word' | 'sentence' | 'mend'>;

/** Keys of the tracepoints that tell of frames lost at a device. */
function toldAt({ report }: LiveFacts, ifindex: number): string[] {
  return report.tracepoints.flatMap((one) => {
    const exception = one.name === 'xdp_exception';
    if (!exception && (one.name !== 'xdp_devmap_xmit' || one.code === 0)) return [];
    const at = exception ? 'ifindex' : 'to_ifindex';
    return targetsOf(one).flatMap(({ key, last }) => (last[at] === ifindex ? [key] : []));
  });
}

/** A row that asks every device: how many frames, and what to say of them. */
function deviceRow(
  name: string,
  count: (state: LiveDeviceReport, dev: LiveDeviceInfo, facts: LiveFacts) => number,
  words: (n: string, dev: LiveDeviceInfo) => Words,
  kind: 'told' | 'wanted' | 'silent' = 'told',
): LossRow {
  const silent = kind === 'silent';
  return {
    ...{ name, wanted: kind === 'wanted', silent },
    find: (facts) =>
      facts.devices.flatMap((dev) => {
        const state = stateOf(facts, dev.netns, dev.ifindex);
        const lost = state === null ? 0 : count(state, dev, facts);
        const { netns, ifindex } = dev;
        const errors = [dropsKey(netns, ifindex), ...toldAt(facts, ifindex)];
        const told = silent ? {} : { errors };
        return found(lost, () => ({ device: { netns, ifindex }, ...told, ...words(frames(lost), dev) }));
      }),
  };
}

/** What the other end would not take because it is down: counted by the device as dropped, not as an error of its queue. */
function atPeer(state: LiveDeviceReport): number {
  return Math.max(0, Math.min(state.xdp_xmit_drops, state.tx_dropped - state.xdp_xmit_err));
}

/** Verdicts of egress programs that are neither PASS nor DROP, at a device. */
function exceptions(facts: LiveFacts, dev: LiveDeviceInfo): number {
  const told = facts.report.tracepoints.filter(({ name }) => name === 'xdp_exception').flatMap(targetsOf);
  return told.reduce((sum, { last, count }) => (last.ifindex === dev.ifindex ? sum + count : sum), 0);
}

function byEgress(state: LiveDeviceReport): number {
  return Math.max(0, state.xdp_xmit_drops - state.xdp_xmit_err - atPeer(state));
}

const QUEUES: readonly LossRow[] = [
  deviceRow(
    'peer is down',
    (state) => atPeer(state),
    (n, { name, peer }) => ({
      word: 'peer down',
      sentence: `${n}: ${name} sent them to ${peer?.name ?? 'its peer'}, which is down (xdp_devmap_xmit err -6 ENXIO)`,
      mend: `ip link set ${peer?.name ?? 'PEER'} up (peer_up=yes)`,
    }),
  ),
  deviceRow(
    'ring full',
    (state) => state.xdp_xmit_err,
    (n, { name, peer }) => ({
      word: 'ring',
      sentence: `${n}: the ring of ${peer?.name ?? 'the peer'} behind ${name} was full, 256 frames a flush (xdp_devmap_xmit drops with err 0)`,
      mend: 'a smaller batch (--batch-size), or fewer frames to one device in a batch',
    }),
  ),
  deviceRow(
    'exception at the egress program',
    (state, dev, facts) => (dev.netns === 'near' ? Math.min(byEgress(state), exceptions(facts, dev)) : 0),
    (n, { name }) => ({
      word: 'egress',
      sentence: `${n}: the devmap's program for ${name} returned neither XDP_PASS nor XDP_DROP (xdp_exception)`,
      mend: 'an egress program may only pass or drop',
    }),
  ),
  deviceRow(
    'dropped by the egress program',
    (state, dev, facts) => (dev.netns === 'near' && exceptions(facts, dev) === 0 ? byEgress(state) : 0),
    (n, { name }) => ({
      word: 'egress drop',
      sentence: `${n}: the devmap's program for ${name} dropped them (xdp_devmap_xmit sent=0 drops=n err=0, no xdp_redirect_err)`,
      mend: 'nothing to mend if that is what the egress program is for',
    }),
    'wanted',
  ),
  deviceRow(
    'dropped by the far end',
    (state, { netns }) => (netns === 'far' ? state.xdp_drops : 0),
    (n, { name }) => ({
      word: 'xdp drop',
      sentence: `${n}: arrived at ${name}, whose XDP program dropped them`,
      mend: 'nothing to mend if that is what is there to count them',
    }),
    'wanted',
  ),
  deviceRow(
    'lost on the way back',
    (state) => state.xdp_tx_err + state.xdp_redirect_err,
    (n, { name }) => ({
      word: 'way back',
      sentence: `${n}: the XDP program on ${name} sent them on, and they could not leave`,
      mend: 'see that the device they are sent to is up and that its peer has XDP or GRO',
    }),
    'silent',
  ),
];

/** CPUs that a tracepoint of cpumaps told of: `CPU 1`. */
function cpusOf(facts: LiveFacts): string {
  const told = facts.report.tracepoints.filter(({ name }) => name === 'xdp_cpumap_enqueue').flatMap(targetsOf);
  const full = told.filter(({ last }) => (last.drops ?? 0) > 0);
  const cpus = [...new Set((full.length > 0 ? full : told).map(({ last }) => last.to_cpu))];
  return cpus.length === 0 ? 'a CPU' : `CPU ${cpus.join(', ')}`;
}

/** What the last event of a tracepoint said, for backends that do not count it all. */
function lastOf(facts: LiveFacts, name: Tracepoint['name'], field: string): number {
  return tracepoint(facts, name, 0)?.last[field] ?? 0;
}

const CPUS: readonly LossRow[] = [
  {
    name: 'cpumap queue full',
    silent: true,
    find: (facts) => {
      const lost = facts.report.cpumap?.queue_drops ?? lastOf(facts, 'xdp_cpumap_enqueue', 'drops');
      return found(lost, () => ({
        ...{ device: null, word: 'cpu queue' },
        sentence: `${frames(lost)}: the cpumap's queue for ${cpusOf(facts)} was full (xdp_cpumap_enqueue drops, no xdp_redirect_err)`,
        mend: 'a larger qsize in the cpumap (--map), or a smaller batch',
      }));
    },
  },
  {
    name: 'dropped on the other CPU',
    wanted: true,
    find: (facts) => {
      const lost = facts.report.cpumap?.xdp_drops ?? lastOf(facts, 'xdp_cpumap_kthread', 'xdp_drop');
      return found(lost, () => ({
        ...{ device: null, word: 'cpu drop' },
        sentence: `${frames(lost)}: the cpumap's program dropped them: XDP_DROP, a verdict that is none there, such as XDP_TX, or a redirect to nowhere`,
        mend: 'a program of a cpumap may pass, drop or redirect',
      }));
    },
  },
];

type Stack = LiveReport['stacks'][NetnsName];
type Reason = keyof Stack;

/** Reasons of the kernel's skb_drop_reason with what mends them. */
const REASONS: Readonly<Partial<Record<Reason, readonly [what: string, mend: string]>>> = {
  OTHERHOST: [
    'the destination MAC is not that of the device',
    "set the packet's destination to the device's MAC, or broadcast",
  ],
  UNHANDLED_PROTO: ['nobody handles their ethertype', 'use an ethertype that the stack knows, such as 0x0800'],
  PKT_TOO_SMALL: ['shorter than their headers say', 'correct the length fields, or send the whole packet'],
  IP_INHDR: ['the IP header is broken', 'correct version, header length and total length'],
  IP_CSUM: ['the checksum of the IPv4 header is wrong', 'update the checksum after changing the header'],
  IP_INADDRERRORS: [
    'their destination is no address of this host, and forwarding is off',
    'give the device the address in --netns, or "forwarding": true',
  ],
  IP_INVALID_SOURCE: ['a source address that none may have', 'send from a unicast address'],
  UDP_CSUM: ['the UDP checksum is wrong', 'update the checksum after changing the packet, or set it to 0 (IPv4)'],
  NO_SOCKET: ['no socket listens there', 'add a socket to --netns'],
  SOCKET_RCVBUFF: ["the socket's receive buffer is full", 'read the socket, or a larger buffer'],
  TC_INGRESS: ['the program at tc ingress returned TC_ACT_SHOT', 'nothing to mend if that is what the program is for'],
  QDISC_DROP: [
    'tc sent them to a device that is down, or whose peer is',
    'take the device and its peer up (up=yes, peer_up=yes)',
  ],
  NOT_SPECIFIED: [
    'tc sent them nowhere (no such device, a peer in the same namespace, longer than the peer takes, a full ring), or the frame is cut off',
    'redirect to a device that is there and takes them',
  ],
};

/** The program at tc ingress asked for it. */
const WANTED: readonly Reason[] = ['TC_INGRESS'];

const STACKS: readonly LossRow[] = (Object.keys(REASONS) as Reason[]).map((reason) => ({
  name: `stack: ${reason}`,
  wanted: WANTED.includes(reason),
  find: (facts) =>
    (['near', 'far'] as const).flatMap((netns) => {
      const [what, mend] = REASONS[reason]!;
      const count = facts.report.stacks[netns][reason];
      const last = tracepoint(facts, 'netif_receive_skb', 0)?.last.ifindex ?? 0;
      const at = netns === 'near' ? `passed up at ${nameOf(facts, last)}` : 'arrived at the far end';
      return found(count, () => ({
        ...{ device: null, word: reason, mend, errors: [stackKey(netns, reason)] },
        sentence: `${frames(count)}: ${at}, and the stack dropped them: ${what} (${reason})`,
      }));
    }),
}));

export const LOST_AFTER: readonly LossRow[] = [...QUEUES, ...CPUS, ...STACKS];
