/** Random map helper calls of an XDP program recorded on the real kernel, replayed on our helpers. */
import { describe, expect, test } from 'bun:test';
import { FOR_EACH_HELPERS } from '../../../engine/helpers/for-each.ts';
import { MAP_HELPERS } from '../../../engine/helpers/map.ts';
import {
  bytesOf,
  KEY,
  type MapWorld,
  type MeasuredMap,
  mapWorld,
  measuredMaps,
  VALUE,
} from '../../support/map-world.ts';

/** One recorded call; the numbers that follow the helper's name in the table. */
interface Call {
  readonly flags: bigint;
  readonly value: bigint;
  readonly handle: number;
  readonly lo: number;
  readonly hi: number;
}

/** Plays the recording program: its helpers, and the callback of its for_each. */
class Program {
  readonly world: MapWorld;
  private readonly h: Record<string, (...args: number[]) => number>;
  private readonly handle: number;
  private walk = { visits: 0, limit: 0n, mode: 0n };

  constructor({ def }: MeasuredMap) {
    this.world = mapWorld(2, (_index, map, key, value) => this.callback(map, key, value));
    this.h = this.world.helpers({ ...MAP_HELPERS, ...FOR_EACH_HELPERS });
    const made = this.world.maps.create(def);
    if (!made.ok) throw new Error(made.error.message);
    this.handle = made.value.handle;
  }

  private callback(map: number, key: number, value: number): number {
    this.walk.visits++;
    if (this.walk.mode === 1n) this.h.map_delete_elem!(map, key);
    if (this.walk.mode === 2n) this.put(value, this.at(value) + 1n);
    return BigInt(this.walk.visits) >= this.walk.limit ? 1 : 0;
  }

  private at(address: number): bigint {
    return this.world.mem.dv.getBigUint64(address, true);
  }

  private put(address: number, value: bigint): void {
    this.world.mem.dv.setBigUint64(address, value, true);
  }

  /** Result and value of a line as the recording program would have noted them. */
  run([helper, flagsText, key, valueText]: string[]): string {
    const flags = BigInt(flagsText!);
    const value = BigInt(valueText!);
    this.world.mem.u8.set(bytesOf(key!), KEY);
    this.put(VALUE, value);
    const call = { flags, value, handle: this.handle, lo: Number(BigInt.asIntN(32, flags)), hi: Number(flags >> 32n) };
    const result = this.call(helper!, call);
    return `${result} ${this.at(VALUE)}`;
  }

  private call(helper: string, { flags, value, handle, lo, hi }: Call): number {
    switch (helper) {
      case 'update':
        return this.h.map_update_elem!(handle, KEY, VALUE, lo, hi);
      case 'delete':
        return this.h.map_delete_elem!(handle, KEY);
      case 'push':
        return this.h.map_push_elem!(handle, VALUE, lo, hi);
      case 'pop':
        return this.h.map_pop_elem!(handle, VALUE);
      case 'peek':
        return this.h.map_peek_elem!(handle, VALUE);
      case 'for_each':
        return this.forEach(flags, value, handle);
      default:
        return this.lookup(helper, { flags, value, handle, lo, hi });
    }
  }

  private forEach(flags: bigint, limit: bigint, handle: number): number {
    this.walk = { visits: 0, limit, mode: flags >> 1n };
    const result = this.h.for_each_map_elem!(handle, 7, 0, Number(flags & 1n), 0);
    this.put(VALUE, BigInt(this.walk.visits));
    return result;
  }

  /** Lookups alone or before another call, after which the old pointer is read. */
  private lookup(helper: string, { value, handle, lo, hi }: Call): number {
    const percpu = helper === 'lookup_percpu';
    const found =
      (percpu ? this.h.map_lookup_percpu_elem!(handle, KEY, lo) : this.h.map_lookup_elem!(handle, KEY)) >>> 0;
    let result = found === 0 ? 0 : 1;
    if (helper === 'add' && found !== 0) this.put(found, BigInt.asUintN(64, this.at(found) + value));
    if (helper === 'lookup+update') result = this.h.map_update_elem!(handle, KEY, VALUE, lo, hi);
    if (helper === 'lookup+delete') result = this.h.map_delete_elem!(handle, KEY);
    if (found !== 0) this.put(VALUE, this.at(found));
    return result;
  }
}

describe('as the kernel did', () => {
  for (const measured of measuredMaps(new URL('./kernel-map-ops.txt', import.meta.url))) {
    test(`${measured.name}: ${measured.ops.length} helper calls, twice`, () => {
      const program = new Program(measured);
      for (let round = 0; round < 2; round++) {
        const wrong = measured.ops.flatMap((op, i) => {
          const got = program.run(op);
          return got === `${op[4]} ${op[5]}` ? [] : [`${i}: ${op.join(' ')} gave ${got}`];
        });
        expect(wrong).toEqual([]);
        program.world.maps.reset();
      }
      expect(program.world.faults).toEqual([]);
    });
  }
});
