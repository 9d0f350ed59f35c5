/** Live frames of all kinds in one run, by chance: what each packet wishes for, where maps lead, and what the engine makes of it. */
import { readFileSync } from 'node:fs';
import { type LiveReport, type LoadedObject, loadObject, openLive, openObject } from '../../../engine/index.ts';
import { COMPARED, devicesIn, eventCounts, NETNS, offsetOf, tcAt, textOf, u32 } from './engine.ts';
import { IFINDEX, TC_ACT, TC_MODE, type TcGlobals, XDP } from './scenario.ts';

export const MIXED = new URL('../../../fixtures/prog-run/xdp-live/mixed.bpf.o', import.meta.url);
const CPUS = 2;
/** Far ends that run the program `arriving`. */
export const ARRIVE = [IFINDEX.a1, IFINDEX.b1, IFINDEX.c1, IFINDEX.d1];
/** Devices whose ingress tc may be at. */
const TC_DEVICES = [IFINDEX.a0, IFINDEX.a1, IFINDEX.b1, IFINDEX.g1];
const TARGETS = [IFINDEX.b0, IFINDEX.g0, IFINDEX.c0, IFINDEX.d0, IFINDEX.a0];

export type Chance = (below: number) => number;

/** xorshift32 from a seed: whole numbers below a bound. */
export function chance(seed: number): Chance {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** struct wish of the fixture: what each program on the way does; `whats` are those that the first one may be asked for. */
export function wishBy(random: Chance, whats: readonly number[], heads: readonly number[]): Uint8Array {
  const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const verdict = () => one([XDP.DROP, XDP.PASS, XDP.PASS, XDP.TX, XDP.REDIRECT, XDP.ABORTED, 9]);
  const wish = new Uint8Array(17);
  wish.set([one(whats), random(6), one([0, 0, 0, 1, 2, 3, 8, 8, 24, 5]), verdict(), verdict(), verdict(), verdict()]);
  wish.set([random(2), one(heads) & 0xff, one([0, 0, 0, 40, -8]) & 0xff], 7);
  wish.set(u32(one([IFINDEX.a0, IFINDEX.b0, IFINDEX.b0, ...TARGETS.slice(1, 4), IFINDEX.ifbx, 999])), 13);
  return wish;
}

export interface MixedScenario {
  /** For packets in turn. */
  readonly wishes: readonly (readonly number[])[];
  readonly entries: readonly {
    readonly map: 'devices' | 'device_hash';
    readonly key: number;
    readonly dev: number;
    /** The program `leaving` runs on what leaves. */
    readonly leaving: boolean;
  }[];
  readonly batch_size: number;
  readonly repeat: number;
  readonly size: number;
  /** The program that tc runs at the ingress of a device, with these variables; null: none. */
  readonly tc: { readonly dev: number; readonly globals: TcGlobals } | null;
}

/** Everything but other CPUs, which have their own time, and headroom that nobody wrote, in which a kernel has anything. */
export function mixedBy(seed: number): MixedScenario {
  const random = chance(Math.imul(seed, 0x9e3779b1));
  const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const entries = (['devices', 'device_hash'] as const).flatMap((map) =>
    TARGETS.map((dev, key) => ({ map, key, dev, leaving: random(2) === 0 })).filter(() => random(5) > 0),
  );
  const wishes = Array.from({ length: 1 + random(60) }, () => [
    ...wishBy(random, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3], [0, 0, 0, -4, 6]),
  ]);
  const sizes = { batch_size: one([1, 3, 8, 16, 17, 40, 64, 100, 256]), size: one([64, 64, 99, 1500, 1519]) };
  const asked = random(2) === 0 ? null : { dev: one(TC_DEVICES), globals: tcBy(random) };
  const tc = asked !== null && isEndless(asked) ? null : asked;
  return { wishes, entries, ...sizes, repeat: 100 + random(400), tc };
}

/** Whether a packet comes back to the same program for ever. */
function isEndless({ dev, globals: { tc_target } }: NonNullable<MixedScenario['tc']>): boolean {
  return tc_target === dev || (dev === IFINDEX.g1 && tc_target === IFINDEX.g0);
}

function tcBy(random: Chance): TcGlobals {
  const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const tc_mode = one([TC_MODE.VERDICT, TC_MODE.REDIRECT, TC_MODE.REDIRECT, TC_MODE.CLONE, TC_MODE.GROW]);
  const tc_target = one([...TARGETS, IFINDEX.n0, 999]);
  return { tc_mode, tc_verdict: one([TC_ACT.OK, TC_ACT.SHOT, TC_ACT.NEXT]), tc_target, tc_flags: one([0, 0, 1]) };
}

/** What both sides tell of such a run. */
export interface MixedOutcome {
  readonly events: Readonly<Record<string, number>>;
  readonly order: readonly string[];
  readonly devices: Readonly<Record<string, number>>;
}

export function mixedPacket({ size }: MixedScenario): { data_in: Uint8Array; ctx_in: Uint8Array } {
  const data_in = new Uint8Array(size);
  data_in.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  const md = new DataView(new ArrayBuffer(24));
  md.setUint32(4, size, true);
  md.setUint32(12, IFINDEX.a0, true);
  return { data_in, ctx_in: new Uint8Array(md.buffer) };
}

/** The .bss in which the wishes are counted. */
export function mixedBss(spec: LoadedObject['spec'], { wishes }: MixedScenario): Uint8Array {
  const bytes = new Uint8Array(spec.maps.find((one) => one.name === '.bss')!.value_size);
  new DataView(bytes.buffer).setUint32(offsetOf(spec, 'wish_count'), wishes.length, true);
  return bytes;
}

export function loadMixed(): LoadedObject {
  const spec = openObject({ path: 'mixed.bpf.o', bytes: new Uint8Array(readFileSync(MIXED)) });
  if (!spec.ok) throw new Error(spec.error.message);
  const loaded = loadObject(spec.value, { cpus: CPUS });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

export function programOf(object: LoadedObject, name: string) {
  const found = object.program(name);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

/** Devices and programs of every mixed run. */
export function mixedLinks(object: LoadedObject) {
  const pair = (dev: number, peer: number, gro = false) =>
    ({ dev, type: 'veth', peer: { netns: 'near', dev: peer, gro } }) as const;
  const { a0, a1, b0, b1, c0, c1, d0, d1, g0, g1, n0, n1, ifbx } = IFINDEX;
  const ifb = { dev: ifbx, type: 'ifb' } as const;
  return {
    ...{
      netns: NETNS,
      links: [pair(a0, a1), pair(b0, b1), pair(c0, c1), pair(d0, d1), pair(g0, g1, true), pair(n0, n1), ifb],
    },
    xdp: ARRIVE.map((dev) => ({ netns: 'near', dev, program: programOf(object, 'arriving') }) as const),
  };
}

export function mixedOnEngine(
  scenario: MixedScenario,
  generated: boolean,
): { outcome: MixedOutcome; report: LiveReport } {
  const object = loadMixed();
  const { repeat, batch_size, wishes, entries } = scenario;
  const run = openLive(object, 'mixed', {
    ...{ ...mixedPacket(scenario), ...mixedLinks(object), repeat, batch_size, generated, env: { cpus: CPUS } },
    ...(scenario.tc === null ? {} : tcAt(object, scenario.tc.dev, scenario.tc.globals)),
  });
  if (!run.ok) throw new Error(run.error.message);
  object.map('.bss')!.userUpdate(u32(0), mixedBss(object.spec, scenario), 0);
  for (const [i, wish] of wishes.entries()) object.map('wishes')!.userUpdate(u32(i), Uint8Array.from(wish), 0);
  for (const { map, key, dev, leaving } of entries) {
    const program = leaving ? programOf(object, 'leaving').id : 0;
    object.map(map)!.userUpdate(u32(key), Uint8Array.of(...u32(dev), ...u32(program)), 0);
  }
  if (!generated) run.value.recordEvents(1_000_000);
  run.value.runFor({});
  const report = run.value.report();
  run.value.close();
  const events = run.value.takeEvents().filter(({ name }) => COMPARED.includes(name));
  return { report, outcome: { events: eventCounts(events), order: events.map(textOf), devices: devicesIn(report) } };
}
