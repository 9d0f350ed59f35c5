/** Frames of a live run in the kernel, copied where they arrive at a far end's program or go up into a stack; which frame it is, its page tells. */
import type { CapturedFrame, NetnsName } from '../../../engine/index.ts';
import type { LiveDeviceInfo } from '../../live/types.ts';
import type { LiveWatch } from './live-watch.ts';
import { updateElem } from './map-io.ts';
import { ringbufRecords } from './ringbuf.ts';

const LIMIT = 1000;
const PLACE = { XDP: 0, STACK: 1 } as const;
const NETNS = { near: 1, far: 2 } as const;
/** In struct frame. */
const AT = { PLACE: 0, NETNS: 4, IFINDEX: 8, LENGTH: 12, NUMBER: 16, DATA: 24 } as const;

interface Wish {
  readonly limit?: number;
}

/** A far end that takes XDP frames without a program of its own: they go up there. */
function isBare({ xdp, gro }: LiveDeviceInfo): boolean {
  return xdp === 'none' && gro;
}

/** As LiveCapture of the engine; what a device sends is seen where it arrives. */
export class KernelLiveCapture {
  private readonly watch: LiveWatch;
  private readonly devices: readonly LiveDeviceInfo[];
  private readonly count: () => number;
  /** So many frames are still wanted, by where they are seen. */
  private readonly left = new Map<string, number>();
  private frames: CapturedFrame[] = [];

  /** `count`: frames that were run, for frames whose page tells nothing. */
  constructor(watch: LiveWatch, devices: readonly LiveDeviceInfo[], count: () => number) {
    this.watch = watch;
    this.devices = devices;
    this.count = count;
  }

  /** Frames that leave through a veth device. False when there is none of that ifindex. */
  onDevice(netns: NetnsName, ifindex: number, { limit = LIMIT }: Wish = {}): boolean {
    const dev = this.devices.find((one) => one.netns === netns && one.ifindex === ifindex);
    if (dev?.peer) {
      const end = this.devices.find((one) => one.netns === dev.peer!.netns && one.ifindex === dev.peer!.ifindex)!;
      this.left.set(`xmit ${netns} ${ifindex}`, limit);
      this.want(isBare(end) ? PLACE.STACK : PLACE.XDP, end, limit);
    }
    return dev !== undefined;
  }

  /** Frames that go up into the stack of a namespace. */
  onStack(netns: NetnsName, { limit = LIMIT }: Wish = {}): void {
    this.left.set(`stack ${netns}`, limit);
    for (const dev of this.devices.filter((one) => one.netns === netns)) this.want(PLACE.STACK, dev, limit);
  }

  /** There are no AF_XDP sockets here. */
  onSockets(): void {}

  stop(): void {
    this.drain();
    this.left.clear();
    for (const dev of this.devices) for (const place of Object.values(PLACE)) this.want(place, dev, 0);
    this.watch.capture(false);
  }

  take(): CapturedFrame[] {
    this.drain();
    const { frames } = this;
    this.frames = [];
    return frames;
  }

  private want(place: number, { netns, ifindex }: LiveDeviceInfo, limit: number): void {
    const key = new Uint8Array(new Uint32Array([place, NETNS[netns], ifindex]).buffer);
    updateElem(this.watch.maps.get('wanted')!, key, new Uint8Array(new Uint32Array([limit]).buffer));
    if (limit > 0) this.watch.capture(true);
  }

  /** After every call, so that the ring has room for the next. */
  drain(): void {
    if (this.left.size === 0) return;
    for (const { data } of ringbufRecords(this.watch.maps.get('frames')!, 0)) this.sort(data);
  }

  /** A frame as what a device sent, as what went up, or both. */
  private sort(record: Uint8Array): void {
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    const netns = view.getUint32(AT.NETNS, true) === NETNS.far ? 'far' : 'near';
    const ifindex = view.getUint32(AT.IFINDEX, true);
    const number = view.getBigUint64(AT.NUMBER, true);
    const frame = number === 0xffff_ffff_ffff_ffffn ? this.count() : Number(number);
    const data = record.slice(AT.DATA, AT.DATA + view.getUint32(AT.LENGTH, true));
    const seen = this.devices.find((one) => one.netns === netns && one.ifindex === ifindex);
    const from = seen?.peer;
    const isStack = view.getUint32(AT.PLACE, true) === PLACE.STACK;
    if (from && (!isStack || isBare(seen))) {
      this.keep(`xmit ${from.netns} ${from.ifindex}`, {
        at: 'xmit',
        netns: from.netns,
        ifindex: from.ifindex,
        frame,
        data,
      });
    }
    if (isStack) this.keep(`stack ${netns}`, { at: 'stack', netns, ifindex, frame, data });
  }

  private keep(key: string, frame: CapturedFrame): void {
    const left = this.left.get(key) ?? 0;
    if (left === 0) return;
    this.left.set(key, left - 1);
    this.frames.push(frame);
  }
}
