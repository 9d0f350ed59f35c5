/** Frames that a redirect loses: refused with an errno, or taken and sent nowhere. */
import { ERRNO, errnoName } from '../../engine/index.ts';
import { targetsOf } from './targets.ts';
import type { LiveDeviceInfo } from './types.ts';
import {
  type Found,
  found,
  frames,
  type LiveFacts,
  type LossRow,
  nameOf,
  near,
  stateOf,
  tracepoint,
} from './why-types.ts';

/** Room that Ethernet and a VLAN tag have beyond the MTU. */
const BEYOND_MTU = 18;

type Words = Pick<Found, 'word' | 'sentence' | 'mend'>;

/** A row for one errno of xdp_redirect_err. */
function refusedRow(
  name: string,
  errno: number,
  applies: (dev: LiveDeviceInfo | null, facts: LiveFacts, map_id: number) => boolean,
  words: (n: string, target: string, dev: LiveDeviceInfo | null, facts: LiveFacts) => Words,
): LossRow {
  return {
    name,
    find: (facts) => {
      const event = tracepoint(facts, 'xdp_redirect_err', errno);
      if (event === null) return [];
      return targetsOf(event).flatMap(({ key, count, last }) => {
        const ifindex = last.to_ifindex ?? 0;
        const dev = near(facts, ifindex);
        if (!applies(dev, facts, last.map_id ?? 0)) return [];
        const target = nameOf(facts, ifindex);
        const device = dev === null ? null : { netns: 'near' as const, ifindex };
        return found(count, () => ({ device, errors: [key], ...words(frames(count), target, dev, facts) }));
      });
    },
  };
}

/** Its map_id of a redirect by ifindex. */
const NO_MAP = 0x7fffffff;

/** A map that redirects to AF_XDP sockets. */
function isSocketMap(facts: LiveFacts, map_id: number): boolean {
  return map_id !== NO_MAP && facts.report.xsk.length > 0 && !facts.devmaps.some(({ id }) => id === map_id);
}

const REFUSED: readonly LossRow[] = [
  refusedRow(
    'socket of another queue',
    ERRNO.EINVAL,
    (_dev, facts, map_id) => isSocketMap(facts, map_id),
    (n) => ({
      word: 'xsk queue',
      sentence: `${n}: redirected to an AF_XDP socket that is bound to another queue than the frame came in on (-22 EINVAL)`,
      mend: 'take rx_queue_index as the key of the xskmap, and bind the socket at that key to that queue',
    }),
  ),
  refusedRow(
    'target does not exist',
    ERRNO.EINVAL,
    (_dev, facts, map_id) => !isSocketMap(facts, map_id),
    (n, target) => ({
      word: 'no device',
      sentence: `${n}: redirected to ${target}, which is no device of the namespace (-22 EINVAL)`,
      mend: 'redirect to an ifindex that exists, or add the device (--dev NAME:ifindex=N)',
    }),
  ),
  refusedRow(
    'XDP_REDIRECT without a target',
    ERRNO.EBADRQC,
    () => true,
    (n) => ({
      word: 'no target',
      sentence: `${n}: the program returned XDP_REDIRECT without asking a helper for a target (-56 EBADRQC)`,
      mend: 'return what bpf_redirect or bpf_redirect_map returns',
    }),
  ),
  refusedRow(
    'peer takes no XDP frames',
    ERRNO.EOPNOTSUPP,
    (dev) => dev?.type === 'veth',
    (n, target, dev) => ({
      word: 'peer xdp',
      sentence: `${n}: ${target} cannot send XDP frames, since its peer ${dev!.peer!.name} has neither a native XDP program nor GRO (-95 EOPNOTSUPP)`,
      mend: `load an XDP program on ${dev!.peer!.name} (peer_xdp=pass), or ethtool -K ${dev!.peer!.name} gro on (gro=yes)`,
    }),
  ),
  refusedRow(
    'target cannot send XDP frames',
    ERRNO.EOPNOTSUPP,
    (dev) => dev?.type !== 'veth',
    (n, target, dev) => ({
      word: 'no xmit',
      sentence: `${n}: ${target}${dev === null ? '' : ` (${dev.type})`} has no ndo_xdp_xmit (-95 EOPNOTSUPP)`,
      mend:
        dev?.type === 'lo'
          ? 'XDP_TX leaves by the ingress device: give it a veth (--dev veth0:peer_xdp=pass)'
          : 'send through a veth or another device with ndo_xdp_xmit; XDP_TX leaves by the ingress device (--ingress)',
    }),
  ),
  refusedRow(
    'target is down',
    ERRNO.ENETDOWN,
    () => true,
    (n, target) => ({
      word: 'down',
      sentence: `${n}: ${target} is administratively down (-100 ENETDOWN)`,
      mend: `ip link set ${target} up (up=yes)`,
    }),
  ),
  refusedRow(
    'longer than the MTU',
    ERRNO.EMSGSIZE,
    () => true,
    (n, target, dev, facts) => ({
      word: 'mtu',
      sentence: `${n}: longer than ${target} takes: MTU ${dev?.mtu ?? '?'} and ${BEYOND_MTU} bytes of headers (-90 EMSGSIZE); data_in has ${facts.length} bytes`,
      mend: `ip link set ${target} mtu N (mtu=N), or shorter packets`,
    }),
  ),
];

const KNOWN: readonly number[] = [...[ERRNO.EINVAL, ERRNO.EBADRQC, ERRNO.EOPNOTSUPP, ERRNO.ENETDOWN, ERRNO.EMSGSIZE]];

/** Any other errno: ENOMEM when there is no page for a copy, ENXIO, … */
const OTHERWISE: LossRow = {
  name: 'redirect refused',
  find: (facts) =>
    facts.report.tracepoints
      .filter(({ name, code }) => name === 'xdp_redirect_err' && !KNOWN.includes(code))
      .flatMap((event) =>
        targetsOf(event).flatMap(({ key, count, last }) => {
          const ifindex = last.to_ifindex ?? 0;
          const device = near(facts, ifindex) === null ? null : { netns: 'near' as const, ifindex };
          const target = ifindex === 0 ? 'a map' : nameOf(facts, ifindex);
          return found(count, () => ({
            ...{ device, errors: [key], word: errnoName(event.code) },
            sentence: `${frames(count)}: the redirect to ${target} was refused with ${errnoName(event.code)} (-${event.code})`,
            mend:
              event.code === ERRNO.ENOMEM
                ? 'fewer frames in a batch or in sockets: no page was left for a copy'
                : 'see what refuses it at that device',
          }));
        }),
      ),
};

/** Frames that were redirected by xdp_redirect with err 0, and those that something took. */
function vanished(facts: LiveFacts): number {
  const ok = tracepoint(facts, 'xdp_redirect', 0)?.count ?? 0;
  if (tracepoint(facts, 'xdp_cpumap_enqueue', 0) !== null || facts.report.xsk.some((one) => one.received > 0)) return 0;
  const taken = facts.report.devices.reduce(
    (sum, dev) => sum + (dev.netns === 'near' ? dev.xdp_xmit + dev.xdp_xmit_drops : 0),
    0,
  );
  return Math.max(0, ok - taken);
}

function longest(facts: LiveFacts, ifindexes: readonly number[]): boolean {
  return ifindexes.some((ifindex) => facts.length > (near(facts, ifindex)?.mtu ?? Infinity) + BEYOND_MTU);
}

/** The devmap of the last redirect that was told to be good. */
function lastMap(facts: LiveFacts) {
  const last = tracepoint(facts, 'xdp_redirect', 0)?.last;
  return facts.devmaps.find((map) => map.id === last?.map_id) ?? null;
}

const SILENT: readonly LossRow[] = [
  {
    name: 'broadcast longer than the MTU',
    silent: true,
    find: (facts) => {
      const map = lastMap(facts);
      const all = map?.ifindexes ?? [];
      const device = all.find((ifindex) => longest(facts, [ifindex])) ?? 0;
      if (map === null || device === 0) return [];
      return found(vanished(facts), () => ({
        ...{ device: { netns: 'near' as const, ifindex: device }, word: 'mtu' },
        sentence: `${frames(vanished(facts))}: broadcast to ${map.name}, but longer than ${nameOf(facts, device)} takes (MTU ${near(facts, device)?.mtu}), which xdp_redirect tells as err 0 and nobody sends`,
        mend: `ip link set ${nameOf(facts, device)} mtu N (mtu=N), or shorter packets`,
      }));
    },
  },
  {
    name: 'broadcast to nobody',
    silent: true,
    find: (facts) => {
      const map = lastMap(facts);
      if (map !== null && longest(facts, map.ifindexes)) return [];
      return found(vanished(facts), () => ({
        ...{ device: null, word: 'nobody' },
        sentence: `${frames(vanished(facts))}: broadcast to ${map?.name ?? 'a devmap'}, in which no device is left to send to (it is empty, or holds only the ingress device, or none that is up), which xdp_redirect tells as err 0`,
        mend: `put devices into ${map?.name ?? 'the devmap'} (--map), or leave out BPF_F_EXCLUDE_INGRESS`,
      }));
    },
  },
  {
    name: 'broadcast skips a device that is down',
    silent: true,
    find: (facts) => {
      const map = lastMap(facts);
      if (map === null || tracepoint(facts, 'xdp_redirect_err', ERRNO.ENETDOWN) !== null || vanished(facts) > 0)
        return [];
      const others = map.ifindexes.filter((ifindex) => stateOf(facts, 'near', ifindex)?.up === true);
      const sent = Math.max(0, ...others.map((ifindex) => stateOf(facts, 'near', ifindex)?.xdp_xmit ?? 0));
      return map.ifindexes.flatMap((ifindex) => {
        const state = stateOf(facts, 'near', ifindex);
        if (state === null || state.up || state.refuses !== ERRNO.ENETDOWN) return [];
        return found(sent, () => ({
          ...{ device: { netns: 'near' as const, ifindex }, word: 'down' },
          sentence: `${nameOf(facts, ifindex)} in ${map.name} is administratively down: a broadcast leaves it out without a word (up to ${frames(sent)})`,
          mend: `ip link set ${nameOf(facts, ifindex)} up (up=yes)`,
        }));
      });
    },
  },
];

export const LOST_AT_REDIRECT: readonly LossRow[] = [...REFUSED, OTHERWISE, ...SILENT];
