/** Faults on purpose, each just before its frame: devices that go down or up, rings that are full, a page that is not to be had. */
import type { LiveDevices, NetnsName } from './devices.ts';
import type { LiveFaults } from './opts.ts';

interface Planned {
  readonly at_frame: number;
  act(): void;
}

export class FaultPlan {
  private readonly devices: LiveDevices;
  private readonly planned: readonly Planned[];
  private done = 0;
  private noPageAt: number;

  constructor(devices: LiveDevices, faults: LiveFaults = {}) {
    this.devices = devices;
    const links = (faults.link ?? []).map(({ netns, dev, at_frame, up }): Planned => {
      return { at_frame, act: () => void this.setLink(netns ?? 'near', dev, up) };
    });
    const rings = (faults.ring ?? []).map(({ netns, dev, at_frame, full }): Planned => {
      return { at_frame, act: () => void this.setRing(netns ?? 'near', dev, full) };
    });
    this.planned = [...links, ...rings].sort((a, b) => a.at_frame - b.at_frame);
    this.noPageAt = faults.page_at_frame ?? Infinity;
  }

  /** The frame before which something happens next. */
  get next(): number {
    return Math.min(this.planned[this.done]?.at_frame ?? Infinity, this.noPageAt);
  }

  /** Everything that happens before a frame happens; false when the frame finds no page. */
  before(frame: number): boolean {
    for (let one = this.planned[this.done]; one !== undefined && one.at_frame <= frame; one = this.planned[this.done]) {
      this.done++;
      one.act();
    }
    return frame < this.noPageAt;
  }

  /** The next frame finds no page. */
  failPage(): void {
    this.noPageAt = 0;
  }

  /** `ip link set DEV up|down`; false when there is no such device. */
  setLink(netns: NetnsName, ifindex: number, up: boolean): boolean {
    const dev = this.devices.byIfindex(netns, ifindex);
    if (dev !== null) dev.up = up;
    return dev !== null;
  }

  /** The ring of a device takes nothing any more, or takes frames again; false when there is no such device. */
  setRing(netns: NetnsName, ifindex: number, full: boolean): boolean {
    const dev = this.devices.byIfindex(netns, ifindex);
    if (dev !== null) dev.full = full;
    return dev !== null;
  }
}
