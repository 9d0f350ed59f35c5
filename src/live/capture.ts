/** Captured frames of a live run as a pcapng: an interface for every device and way that frames went. */
import type { CapturedFrame } from '../../engine/index.ts';
import { type CaptureInterface, type CommentedFrame, writePcapng } from '../packet/pcap-write.ts';
import type { LiveDeviceInfo } from './types.ts';

/** Out of a device, or in from it. */
const WAYS: Readonly<Record<CapturedFrame['at'], { readonly direction: 'in' | 'out'; readonly what: string }>> = {
  xmit: { direction: 'out', what: 'frames that left through the device' },
  stack: { direction: 'in', what: 'frames that went up into the stack' },
  xsk: { direction: 'in', what: 'frames that AF_XDP sockets got' },
};

function nameOf({ netns, ifindex }: CapturedFrame, devices: readonly LiveDeviceInfo[]): string {
  const found = devices.find((one) => one.netns === netns && one.ifindex === ifindex);
  return found?.name ?? `if${ifindex}`;
}

/** `veth0 xmit`: what the interface of a frame is called. */
function interfaceOf(frame: CapturedFrame, devices: readonly LiveDeviceInfo[]): CaptureInterface {
  const name = nameOf(frame, devices);
  const far = frame.netns === 'far' ? ', in the namespace of the far ends' : '';
  return { name: `${name} ${frame.at}`, description: `${name}: ${WAYS[frame.at].what}${far}` };
}

/** Frames in the order in which they were seen. */
export function captureFile(
  captured: readonly CapturedFrame[],
  devices: readonly LiveDeviceInfo[],
): { readonly bytes: Uint8Array; readonly links: number } {
  const places = new Map<string, number>();
  const interfaces: CaptureInterface[] = [];
  const frames = captured.map((frame): CommentedFrame => {
    const key = `${frame.at} ${frame.netns} ${frame.ifindex}`;
    const place = places.get(key) ?? interfaces.push(interfaceOf(frame, devices)) - 1;
    places.set(key, place);
    const comment = `frame ${frame.frame}`;
    return { bytes: frame.data, comment, interface: place, direction: WAYS[frame.at].direction };
  });
  return { bytes: writePcapng(frames, interfaces), links: interfaces.length };
}
