/** The store of the live screen: samples come in from the thread, keys go out to it. */
import type { Refusal } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { type LiveKeyCommand, type LiveStore, type LiveViewModel, liveView } from '../live-view.ts';
import type { LiveBackend, StartLive } from './live-backend.ts';
import { nextRate } from './live-pace.ts';
import { initialState, type LiveState, lastSecond, SORTS, withSample } from './live-state.ts';
import type { LiveEnd, LiveRequest, LiveSample } from './live-types.ts';

/** The screen looks ten times a second. */
const SAMPLE_MS = 100;
const BATCH_DEFAULT = 64;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export interface LiveOutcome {
  readonly end: LiveEnd | Refusal;
  /** Ended by Ctrl-C. */
  readonly interrupted: boolean;
}

/** Fault or errno that ended a run. */
function brokenText({ fault, errno }: LiveEnd): string {
  if (fault === null) return errno === 0 ? '' : errnoText(errno);
  const at = fault.file === undefined ? '' : ` at ${fault.file}:${fault.line}`;
  return `${fault.kind}: ${fault.message}${at}`;
}

export class LiveSession implements LiveStore {
  readonly kind = 'live';
  readonly ascii: boolean;
  /** Settles when the user leaves, or when the run cannot begin. */
  readonly done: Promise<LiveOutcome>;
  private readonly client: LiveBackend;
  private readonly listeners = new Set<() => void>();
  private readonly end: (interrupted: boolean) => void;
  private readonly fail: (error: unknown) => void;
  private state: LiveState;
  private view: LiveViewModel;
  /** Last asked for: keys come faster than samples. */
  private rate: number;
  private size: number;

  constructor(start: StartLive, request: LiveRequest, ingress: string, ascii: boolean) {
    this.ascii = ascii;
    this.state = initialState(request, ingress);
    this.view = liveView(this.state);
    this.rate = request.rate;
    this.size = request.batch_size || BATCH_DEFAULT;
    this.client = start(request, SAMPLE_MS, (sample) => this.take(sample));
    const left = Promise.withResolvers<LiveOutcome>();
    this.done = left.promise;
    this.fail = left.reject;
    this.end = (interrupted) => {
      this.client.stop();
      this.client.done.then((end) => left.resolve({ end, interrupted }), left.reject);
    };
    this.client.done.then((end) => {
      if ('stage' in end) left.resolve({ end, interrupted: false });
      else this.become({ ...withSample(this.state, end.sample), finished: true, broken: brokenText(end) });
    }, left.reject);
  }

  private become(state: LiveState): void {
    this.state = state;
    this.view = liveView(state);
    for (const listener of this.listeners) listener();
  }

  private take(sample: LiveSample): void {
    this.become(withSample(this.state, sample));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): LiveViewModel => this.view;

  readonly crash = (error: unknown): void => this.fail(error);

  close(): void {
    this.client.close();
  }

  readonly send = (command: LiveKeyCommand): void => {
    switch (command.do) {
      case 'pause':
        this.client.send({ do: this.view.paused ? 'resume' : 'pause' });
        return;
      case 'step':
      case 'zero':
        this.client.send({ do: command.do });
        return;
      case 'faster':
      case 'slower':
        this.changeRate(command.do === 'faster');
        return;
      case 'batch':
        this.changeBatch(command.by);
        return;
      case 'link':
        this.toggleLink();
        return;
      case 'quit':
      case 'interrupt':
        this.end(command.do === 'interrupt');
        return;
      default:
        this.choose(command);
    }
  };

  private changeRate(up: boolean): void {
    const second = lastSecond(this.state);
    this.rate = nextRate(this.rate, up, second === null ? 1 : second.report.frames / second.seconds);
    this.client.send({ do: 'rate', rate: this.rate });
  }

  private changeBatch(by: 1 | -1): void {
    const { size } = this;
    const next = by > 0 ? BATCHES.find((one) => one > size) : BATCHES.findLast((one) => one < size);
    this.size = next ?? (by > 0 ? 1 : 256);
    this.client.send({ do: 'batch_size', size: this.size });
  }

  /** The link under the cursor goes down, or up again. */
  private toggleLink(): void {
    const row = this.view.interfaces[this.state.cursor];
    const dev = this.state.request.network.devices.find((one) => `${one.netns} ${one.ifindex}` === row?.key);
    if (!row || !dev) return;
    const { netns, ifindex } = dev;
    this.client.send({ do: 'link', netns, ifindex, up: row.state !== 'up' });
  }

  private choose(command: LiveKeyCommand): void {
    const { state } = this;
    if (command.do === 'sort') {
      const next = SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length]!;
      this.become({ ...state, sort: next });
    } else if (command.do === 'unit') this.become({ ...state, perSecond: !state.perSecond });
    else if (command.do === 'help') this.become({ ...state, help: !state.help });
    else if (command.do === 'move') {
      const last = Math.max(0, this.view.interfaces.length - 1);
      this.become({ ...state, cursor: Math.min(last, Math.max(0, state.cursor + command.by)) });
    }
  }
}
