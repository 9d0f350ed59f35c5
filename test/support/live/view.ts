/** Live runs on the engine for tests of what is shown of them: contexts, and the screen's view of a run step by step. */
import { readFileSync } from 'node:fs';
import { ctxFromFields, type LiveReport, PROG_TYPE } from '../../../engine/index.ts';
import type { OpenedLive } from '../../../src/live/backend.ts';
import { parseDevice } from '../../../src/live/devices.ts';
import { openLiveRun } from '../../../src/live/engine.ts';
import { reportMinus } from '../../../src/live/interval.ts';
import { liveNetwork } from '../../../src/live/network.ts';
import { initialState, type LiveState, withSample } from '../../../src/live/state.ts';
import type { LiveBatchAlone, LiveRequest, LiveSample } from '../../../src/live/types.ts';
import { type LiveViewModel, liveView } from '../../../src/live-view.ts';

/** struct xdp_md with the device that frames come in on. */
export function fixtureCtx(ingress_ifindex: number, length: number): Uint8Array {
  const made = ctxFromFields(PROG_TYPE.XDP, { ingress_ifindex }, length);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

const OBJECT = new URL('../../../fixtures/bench/b_live.bpf.o', import.meta.url).pathname;
const LENGTH = 64;
const SAMPLE_MS = 100;

/** `program` of b_live through veths a, b (ifindex 2, 3), whose far ends drop; the devmap leads to b. */
export function benchRequest(program: string, devices = ['a:peer_xdp=drop', 'b:peer_xdp=drop']): LiveRequest {
  const network = liveNetwork(
    devices.map((text) => parseDevice(text)),
    {},
  );
  return {
    ...{ path: OBJECT, bytes: new Uint8Array(readFileSync(OBJECT)), program, network, peers: [] },
    ...{ presets: [{ map: 'dm', content: { 0: 3 } }], data_in: new Uint8Array(LENGTH), ctx_in: fixtureCtx(2, LENGTH) },
    ...{ repeat: Number.POSITIVE_INFINITY, batch_size: 64, rate: Number.POSITIVE_INFINITY, cpus: 1 },
    ...{ capture: 0, running: true },
  };
}

/** What a thread would tell, without one. */
export class ShownRun {
  state: LiveState;
  readonly opened: OpenedLive;
  private at_ms = 0;
  private rate = Number.POSITIVE_INFINITY;

  constructor(request: LiveRequest) {
    this.state = initialState(request, 'a');
    const opened = openLiveRun(request, new Int32Array(1));
    if (!opened.ok) throw new Error(opened.error.message);
    this.opened = opened.value;
  }

  get view(): LiveViewModel {
    return liveView(this.state);
  }

  private tell(more: Partial<LiveSample>): void {
    const { run, devmaps } = this.opened;
    const sample: LiveSample = {
      ...{ at_ms: this.at_ms, running: true, done: run.done, batch_size: run.batch_size, rate: this.rate },
      ...{ report: run.report(), zeroed: 0, devmaps: devmaps(), alone: null, printk: [] },
      ...{ recording: { on: false, frames: 0 }, ...more },
    };
    this.state = withSample(this.state, sample);
    this.at_ms += SAMPLE_MS;
  }

  /** So many samples, with so many batches before each. */
  go(samples: number, batches: number, more: Partial<LiveSample> = {}): void {
    if (more.rate !== undefined) this.rate = more.rate;
    for (let i = 0; i < samples; i++) {
      if (batches > 0) this.opened.run.step(batches);
      this.tell(more);
    }
  }

  /** One batch alone. */
  step(): void {
    const before: LiveReport = this.opened.run.report();
    this.opened.run.step();
    const after = this.opened.run.report();
    const alone: LiveBatchAlone = { number: after.batches, took_ms: 1, report: reportMinus(after, before) };
    this.tell({ running: false, alone });
  }
}
