/** struct bpf_timer of map values (kernel/bpf/helpers.c): which of them are initialized, started, and due next. Times are monotonic nanoseconds. */
import { ERRNO } from '../uapi/errno.ts';

export interface Timer {
  /** Of the struct bpf_timer. */
  readonly address: number;
  /** Where it stands in the value. */
  readonly offset: number;
  /** Handle of the map. */
  readonly map: number;
  /** clockid_t */
  readonly clock: number;
  /** Place of the callback in the shared table, 0 before there is one. */
  callback: number;
  /** null: not started, or run since. */
  expiry: bigint | null;
}

export class Timers {
  /** By address, in the order of their last start. */
  private readonly known = new Map<number, Timer>();

  /** Whether none was ever initialized. */
  get idle(): boolean {
    return this.known.size === 0;
  }

  at(address: number): Timer | undefined {
    return this.known.get(address);
  }

  /** bpf_timer_init */
  init(timer: Pick<Timer, 'address' | 'offset' | 'map' | 'clock'>): number {
    if (this.known.has(timer.address)) return -ERRNO.EBUSY;
    this.known.set(timer.address, { ...timer, callback: 0, expiry: null });
    return 0;
  }

  /** Of timers that expire together the one that was started first runs first. */
  start(timer: Timer, expiry: bigint): void {
    this.known.delete(timer.address);
    this.known.set(timer.address, timer);
    timer.expiry = expiry;
  }

  /** bpf_timer_cancel_and_free: the element that held it is gone, or is another one. */
  drop(address: number): void {
    this.known.delete(address);
  }

  /** All elements are gone. */
  clear(): void {
    this.known.clear();
  }

  /** The one to run next of those that have expired by `now`. */
  due(now: bigint): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.known.values()) {
      if (timer.expiry === null || timer.expiry > now) continue;
      if (first === null || timer.expiry < first.expiry!) first = timer;
    }
    return first;
  }
}
