/** Captures frames of a live run on request: what leaves through a device, what goes up into a namespace's stack, what AF_XDP sockets get. */
import type { LiveParts } from './batch.ts';
import type { NetnsName } from './devices.ts';

/** A copy of a frame where a live run let it go. */
export interface CapturedFrame {
  /** `xmit`: left through the device; `stack`: went up from it; `xsk`: went to a socket in the map. */
  readonly at: 'xmit' | 'stack' | 'xsk';
  readonly netns: string;
  readonly ifindex: number;
  /** Which frame of the run it is, counted from 0; of copies, the frame they were made of. */
  readonly frame: number;
  readonly data: Uint8Array;
}

/** Which frames of a live run are kept. */
export interface CaptureOpts {
  /** One frame of so many; default 1: all. */
  readonly every?: number;
  /** Frames to keep at most; default 1000. */
  readonly limit?: number;
}

export class LiveCapture {
  /** Somebody looks at frames, so that they have to be told apart. */
  running = false;
  private readonly parts: LiveParts;
  private readonly ran: () => number;
  private frames: CapturedFrame[] = [];

  /** `ran`: frames that had been run at some time not long ago. */
  constructor(parts: LiveParts, ran: () => number) {
    this.parts = parts;
    this.ran = ran;
  }

  /** Frames that leave through a device. False when there is no such device. */
  onDevice(netns: NetnsName, ifindex: number, opts: CaptureOpts = {}): boolean {
    const dev = this.parts.devices.byIfindex(netns, ifindex);
    if (dev === null) return false;
    const letGo = () => {
      dev.onXmit = null;
      dev.refresh();
    };
    dev.onXmit = this.keeper('xmit', netns, opts, () => ifindex, letGo);
    dev.refresh();
    return true;
  }

  /** Frames that go up into the stack of a namespace. */
  onStack(netns: NetnsName, opts: CaptureOpts = {}): void {
    let from = 0;
    const stack = this.parts.devices.stacks[netns];
    const letGo = () => {
      stack.onReceive = null;
    };
    const keep = this.keeper('stack', netns, opts, () => from, letGo);
    stack.onReceive = (ifindex, page) => {
      from = ifindex;
      keep(page);
    };
  }

  /** Frames that reach AF_XDP sockets. */
  onSockets(opts: CaptureOpts = {}): void {
    const { redirects, ingress } = this.parts;
    const letGo = () => {
      redirects.onSocket = null;
    };
    const keep = this.keeper('xsk', 'near', opts, () => ingress.ifindex, letGo);
    redirects.onSocket = (_socket, page) => keep(page);
  }

  /** Ends all captures; what was kept can still be taken. */
  stop(): void {
    this.running = false;
    for (const dev of this.parts.devices.all) {
      dev.onXmit = null;
      dev.refresh();
    }
    this.parts.devices.stacks.near.onReceive = null;
    this.parts.devices.stacks.far.onReceive = null;
    this.parts.redirects.onSocket = null;
  }

  /** The frames kept since the last time. */
  take(): CapturedFrame[] {
    const { frames } = this;
    this.frames = [];
    return frames;
  }

  private keeper(
    at: CapturedFrame['at'],
    netns: string,
    opts: CaptureOpts,
    ifindexOf: () => number,
    letGo: () => void,
  ): (page: number) => void {
    this.running = true;
    const every = Math.max(1, opts.every ?? 1);
    let left = opts.limit ?? 1000;
    let seen = 0;
    return (page) => {
      if (seen++ % every !== 0 || left === 0) return;
      // Frames go the faster way again.
      if (--left === 0) letGo();
      const data = this.parts.state.pages.bytes(page).slice();
      this.frames.push({ at, netns, ifindex: ifindexOf(), frame: this.numberOf(page), data });
    };
  }

  /** Pages know the low half of their frame's number. */
  private numberOf(page: number): number {
    const ran = this.ran();
    return ran + ((this.parts.state.pages.frame(page) - ran) | 0);
  }
}
