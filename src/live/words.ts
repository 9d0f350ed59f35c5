/** A live case's devices and faults in the words of `bpfdeck live`, for whoever wants to see it there. */
import { relative } from 'node:path';
import type { SettledLive } from '../test-case-live.ts';
import type { LiveDeviceInfo, LiveNetwork, PeerXdp } from './types.ts';

const MTU = 1500;

/** `OBJECT#PROGRAM` from where the command is given, or the verdict's name. */
function programWords(xdp: PeerXdp, cwd: string): string {
  return typeof xdp === 'string' ? xdp : `${relative(cwd, xdp.object)}#${xdp.program}`;
}

/** `veth0:ifindex=2,peer_xdp=drop` */
function deviceWords(dev: LiveDeviceInfo, network: LiveNetwork, cwd: string): string {
  const end = network.devices.find(({ netns, ifindex }) => netns === dev.peer?.netns && ifindex === dev.peer.ifindex);
  const isUp = ({ netns, ifindex }: LiveDeviceInfo): boolean => {
    const spec = netns === 'far' ? network.far : network.netns;
    return (spec.devices ?? []).find((one) => one.ifindex === ifindex)?.up ?? true;
  };
  const pairs: (readonly [string, string | number, boolean])[] = [
    ['ifindex', dev.ifindex, true],
    ['type', dev.type, dev.type !== 'veth'],
    ['mtu', dev.mtu, dev.mtu !== MTU],
    ['up', 'no', !isUp(dev)],
    ['tc_ingress', dev.tc === null ? '' : programWords(dev.tc, cwd), dev.tc !== null],
  ];
  if (end !== undefined) {
    pairs.push(
      ['peer', end.name, end.name !== `${dev.name}-peer`],
      ['peer_xdp', programWords(end.xdp, cwd), end.xdp !== 'none'],
      ['peer_up', 'no', !isUp(end)],
      ['gro', 'yes', end.gro],
      ['peer_tc_ingress', end.tc === null ? '' : programWords(end.tc, cwd), end.tc !== null],
    );
  }
  return `${dev.name}:${pairs.flatMap(([key, value, said]) => (said ? [`${key}=${value}`] : [])).join(',')}`;
}

function faultWords({ faults, network }: SettledLive): string[] {
  if (faults === undefined) return [];
  const nameOf = (netns: string, ifindex: number) =>
    network.devices.find((one) => one.netns === netns && one.ifindex === ifindex);
  return [
    ...(faults.alloc ?? []).map((n) => `alloc=${n}`),
    ...(faults.page_at_frame === undefined ? [] : [`page=${faults.page_at_frame}`]),
    ...(faults.link ?? []).map(
      ({ netns = 'near', dev, at_frame, up }) => `${up ? 'up' : 'down'}=${nameOf(netns, dev)?.name}@${at_frame}`,
    ),
    // The ring of a device is at its other end.
    ...(faults.ring ?? []).map(
      ({ netns = 'near', dev, at_frame, full }) =>
        `${full ? 'full' : 'drains'}=${nameOf(netns, dev)?.peer?.name}@${at_frame}`,
    ),
  ];
}

/** Options of `bpfdeck live` for devices, ingress, batches and faults. */
export function liveOptions(live: SettledLive, cwd: string): string[] {
  const { network, batch_size, ingress } = live;
  const near = network.devices.filter(({ netns, name, tc }) => netns === 'near' && (name !== 'lo' || tc !== null));
  const from = near.find(({ ifindex }) => ifindex === ingress);
  return [
    ...near.flatMap((dev) => ['--dev', deviceWords(dev, network, cwd)]),
    ...(from === undefined || from === near[0] ? [] : ['--ingress', from.name]),
    ...(batch_size === 0 ? [] : ['--batch-size', String(batch_size)]),
    ...faultWords(live).flatMap((fault) => ['--fault', fault]),
  ];
}
