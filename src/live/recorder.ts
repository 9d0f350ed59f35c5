/** Keeps frames of a live run while it records: those that leave by a device, go up into the stack, or reach AF_XDP sockets. */
import type { CapturedFrame } from '../../engine/index.ts';
import type { DrivenRun } from './backend.ts';
import type { LiveDeviceInfo, LiveRecording } from './types.ts';

type Capture = DrivenRun['capture'];

export class LiveRecorder {
  private readonly capture: Capture;
  private readonly devices: readonly LiveDeviceInfo[];
  private kept: CapturedFrame[] = [];
  private on = false;

  constructor(capture: Capture, devices: readonly LiveDeviceInfo[]) {
    this.capture = capture;
    this.devices = devices;
  }

  get recording(): LiveRecording {
    this.collect();
    return { on: this.on, frames: this.kept.length };
  }

  /** Forgets what was kept, and keeps the first `limit` frames of each place from now on. */
  begin(limit: number): void {
    this.capture.stop();
    this.capture.take();
    this.kept = [];
    this.on = true;
    for (const { netns, ifindex } of this.devices) this.capture.onDevice(netns, ifindex, { limit });
    this.capture.onStack('near', { limit });
    this.capture.onStack('far', { limit });
    this.capture.onSockets({ limit });
  }

  /** What was kept stays. */
  end(): void {
    if (!this.on) return;
    this.collect();
    this.capture.stop();
    this.on = false;
  }

  frames(): readonly CapturedFrame[] {
    this.collect();
    return this.kept;
  }

  forget(): void {
    this.kept = [];
  }

  private collect(): void {
    if (this.on) this.kept.push(...this.capture.take());
  }
}
