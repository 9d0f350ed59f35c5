/** The devices of a live run: those of the namespace that the program runs in, and of the one where the far ends of its veth pairs are. */
import { ok, type Result, refuse } from '../../errors.ts';
import { DEV_BYTES, DEV_COUNTERS, DEVICES_MAX, STACK_COUNTERS, VETH_RING } from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import { type DeviceType, LiveDevice, type PlainKind } from '../../net/net-device.ts';
import type { Netns } from '../../net/netns.ts';
import { NetStack } from '../../net/stack.ts';

const LOOPBACK = 1;

/** `near`: where the program runs; `far`: where the other ends are. */
export type NetnsName = 'near' | 'far';

/** What kind of device an ifindex is. Devices that no link names have no ndo_xdp_xmit, as loopback, ifb and dummy devices. */
export interface LinkSpec {
  readonly netns?: NetnsName;
  /** ifindex. */
  readonly dev: number;
  /** `wire`: a device with ndo_xdp_xmit whose frames leave the machine. */
  readonly type: 'veth' | 'wire' | 'ifb' | 'dummy';
  /** Generic receive offload is on (`ethtool -K DEV gro on`): the other end may send XDP frames here without a program. */
  readonly gro?: boolean;
  /** Veth: the other end. */
  readonly peer?: { readonly netns?: NetnsName; readonly dev: number; readonly gro?: boolean };
}

export class LiveDevices {
  readonly near: NetnsName = 'near';
  readonly all: readonly LiveDevice[];
  readonly stacks: Readonly<Record<NetnsName, NetStack>>;
  private readonly base: number;
  private readonly byIndex: Readonly<Record<NetnsName, ReadonlyMap<number, LiveDevice>>>;

  private constructor(
    base: number,
    all: readonly LiveDevice[],
    byIndex: Readonly<Record<NetnsName, ReadonlyMap<number, LiveDevice>>>,
    stacks: Readonly<Record<NetnsName, NetStack>>,
  ) {
    this.base = base;
    this.all = all;
    this.byIndex = byIndex;
    this.stacks = stacks;
  }

  /** Refuses links that do not fit the namespaces. */
  static create(
    state: LiveState,
    spaces: Readonly<Record<NetnsName, Netns>>,
    links: readonly LinkSpec[],
  ): Result<LiveDevices> {
    const count = spaces.near.devices.size + spaces.far.devices.size;
    if (count > DEVICES_MAX) return refuse('run', 0, `${count} devices: a live run has at most ${DEVICES_MAX}`);
    const wrong = checkLinks(spaces, links);
    if (wrong !== null) return refuse('run', 0, wrong);
    const { mem } = state;
    const base = mem.alloc(count * DEV_BYTES, 64);
    const all: LiveDevice[] = [];
    const make = (netns: NetnsName): Map<number, LiveDevice> => {
      const made = new Map<number, LiveDevice>();
      for (const net of spaces[netns].devices.values()) {
        const { type, plain, gro } = kindOf(netns, net.ifindex, links);
        const at = base + all.length * DEV_BYTES;
        const counters = mem.alloc(DEV_COUNTERS.length * 8, 64);
        const queue = mem.alloc(type === 'veth' ? VETH_RING * 4 : 4, 64);
        const dev = new LiveDevice({ state, net, type, plain, netns, gro, at, counters, queue });
        all.push(dev);
        made.set(net.ifindex, dev);
      }
      return made;
    };
    const byIndex = { near: make('near'), far: make('far') };
    for (const { netns, dev, peer } of links) {
      if (peer !== undefined) byIndex[netns ?? 'near'].get(dev)!.join(byIndex[peer.netns ?? 'far'].get(peer.dev)!);
    }
    const stack = (netns: NetnsName) => new NetStack(state, spaces[netns], mem.alloc(STACK_COUNTERS.length * 8, 64));
    return ok(new LiveDevices(base, all, byIndex, { near: stack('near'), far: stack('far') }));
  }

  /** dev_get_by_index */
  byIfindex(netns: string, ifindex: number): LiveDevice | null {
    return this.byIndex[netns as NetnsName].get(ifindex) ?? null;
  }

  /** The device whose words are at an address. */
  readonly at = (address: number): LiveDevice => this.all[(address - this.base) / DEV_BYTES]!;
}

interface Kind {
  readonly type: DeviceType;
  readonly plain: PlainKind;
  readonly gro: boolean;
}

function kindOf(netns: NetnsName, ifindex: number, links: readonly LinkSpec[]): Kind {
  const plain = ifindex === LOOPBACK ? 'lo' : 'dummy';
  for (const link of links) {
    if (link.dev === ifindex && (link.netns ?? 'near') === netns) {
      const type = link.type === 'veth' || link.type === 'wire' ? link.type : 'plain';
      return { type, plain: link.type === 'ifb' ? 'ifb' : plain, gro: link.gro ?? false };
    }
    const { peer } = link;
    if (peer?.dev === ifindex && (peer.netns ?? 'far') === netns)
      return { type: 'veth', plain, gro: peer.gro ?? false };
  }
  return { type: 'plain', plain, gro: false };
}

/** What does not fit, in one sentence, or null. */
function checkLinks(spaces: Readonly<Record<NetnsName, Netns>>, links: readonly LinkSpec[]): string | null {
  const seen = new Set<string>();
  for (const { netns, dev, type, peer } of links) {
    const ends: [NetnsName, number][] = [[netns ?? 'near', dev]];
    if (type === 'veth' && peer === undefined) return `link of device ${dev}: a veth has a peer`;
    if (type !== 'veth' && peer !== undefined) return `link of device ${dev}: only a veth has a peer`;
    if (peer !== undefined) ends.push([peer.netns ?? 'far', peer.dev]);
    for (const [name, ifindex] of ends) {
      if (spaces[name]?.devices.has(ifindex) !== true)
        return `link of device ${dev}: no device of namespace ${name} has ifindex ${ifindex}`;
      const key = `${name} ${ifindex}`;
      if (seen.has(key)) return `device ${ifindex} of namespace ${name} is in two links`;
      seen.add(key);
    }
  }
  return null;
}
