/** Frames that are lost after the redirect: in a device's bulk queue, at the other end of a veth, on another CPU, in a network stack. */
import type { LiveReport, NetnsName } from '../../engine/index.ts';
import type { LiveDeviceInfo } from './live-types.ts';
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
  traceKey,
  tracepoint,
} from './why-types.ts';

type Words = Pick<Found, 'word' | 'sentence' | 'mend'>;

/** Keys of the tracepoints that tell of frames lost at a device. */
function toldAt({ report }: LiveFacts, ifindex: number): string[] {
  return report.tracepoints.flatMap((one) => {
    const exception = one.name === 'xdp_exception' && one.last.ifindex === ifindex;
    const unsent = one.name === 'xdp_devmap_xmit' && one.code !== 0 && one.last.to_ifindex === ifindex;
    return exception || unsent ? [traceKey(one)] : [];
  });
}

/** A row that asks every device: how many frames, and what to say of them. */
function deviceRow(
  name: string,
  count: (state: LiveDeviceReport, dev: LiveDeviceInfo, facts: LiveFacts) => number,
  words: (n: string, dev: LiveDeviceInfo) => Words,
  wanted = false,
): LossRow {
  return {
    ...{ name, wanted },
    find: (facts) =>
      facts.devices.flatMap((dev) => {
        const state = stateOf(facts, dev.netns, dev.ifindex);
        const lost = state === null ? 0 : count(state, dev, facts);
        const { netns, ifindex } = dev;
        const errors = [dropsKey(netns, ifindex), ...toldAt(facts, ifindex)];
        return found(lost, () => ({ device: { netns, ifindex }, errors, ...words(frames(lost), dev) }));
      }),
  };
}

/** What the other end would not take because it is down: counted by the device as dropped, not as an error of its queue. */
function atPeer(state: LiveDeviceReport): number {
  return Math.max(0, Math.min(state.xdp_xmit_drops, state.tx_dropped - state.xdp_xmit_err));
}

/** Verdicts of egress programs that are neither PASS nor DROP, at a device. */
function exceptions(facts: LiveFacts, dev: LiveDeviceInfo): number {
  return facts.report.tracepoints.reduce(
    (sum, { name, last, count }) => (name === 'xdp_exception' && last.ifindex === dev.ifindex ? sum + count : sum),
    0,
  );
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
    true,
  ),
  deviceRow(
    'dropped by the far end',
    (state, { netns }) => (netns === 'far' ? state.xdp_drops : 0),
    (n, { name }) => ({
      word: 'xdp drop',
      sentence: `${n}: arrived at ${name}, whose XDP program dropped them`,
      mend: 'nothing to mend if that is what is there to count them',
    }),
    true,
  ),
  deviceRow(
    'lost on the way back',
    (state) => state.xdp_tx_err + state.xdp_redirect_err,
    (n, { name }) => ({
      word: 'way back',
      sentence: `${n}: the XDP program on ${name} sent them on, and they could not leave`,
      mend: 'see that the device they are sent to is up and that its peer has XDP or GRO',
    }),
  ),
];

const CPUS: readonly LossRow[] = [
  {
    name: 'cpumap queue full',
    find: (facts) => {
      const last = tracepoint(facts, 'xdp_cpumap_enqueue', 0)?.last;
      return found(last?.drops ?? 0, () => ({
        ...{ device: null, word: 'cpu queue' },
        sentence: `the queue of CPU ${last!.to_cpu} was full: the last bulk of ${last!.processed} lost ${last!.drops}`,
        mend: 'a larger qsize in the cpumap (--map), or a smaller batch',
      }));
    },
  },
  {
    name: 'dropped on the other CPU',
    wanted: true,
    find: (facts) => {
      const last = tracepoint(facts, 'xdp_cpumap_kthread', 0)?.last;
      return found(last?.xdp_drop ?? 0, () => ({
        ...{ device: null, word: 'cpu drop' },
        sentence: `the cpumap's program dropped ${last!.xdp_drop} of the last bulk: XDP_DROP, or a verdict that is none there, such as XDP_TX`,
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
};

const STACKS: readonly LossRow[] = (Object.keys(REASONS) as Reason[]).map((reason) => ({
  name: `stack: ${reason}`,
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
