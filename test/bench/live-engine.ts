/** The engine's side of bench:live: one program at one batch size, and where its frames must be found afterwards. */
import { readFileSync } from 'node:fs';
import {
  type LiveOpts,
  type LiveReport,
  type LiveRun,
  type LoadedObject,
  loadObject,
  openLive,
  openObject,
} from '../../engine/index.ts';
import { NETNS, u32 } from '../support/live/engine.ts';
import { ctxOf, IFINDEX, packetOf } from '../support/live/scenario.ts';

const scenario = { name: '', globals: {}, repeat: 0 };
const fixture = (name: string): URL => new URL(`../../fixtures/bench/${name}.bpf.o`, import.meta.url);

/** A way that frames go: its program, and of so many frames how many are counted where they end, and at the far ends. */
export interface Way {
  readonly name: string;
  readonly object: 'b_live' | 'b_ways';
  readonly program: string;
  readonly counted: (report: LiveReport) => number;
  /** Frames at the far ends for each one that was sent. */
  readonly arrive: number;
}

const redirected = ({ verdicts }: LiveReport): number => verdicts.redirect;
const onCpu = ({ tracepoints }: LiveReport): number => {
  const last = tracepoints.find((one) => one.name === 'xdp_cpumap_kthread');
  return (last?.count ?? 0) * (last?.last.xdp_drop ?? 0);
};

export const WAYS: readonly Way[] = [
  { name: 'DROP', object: 'b_live', program: 'lv_drop', counted: ({ verdicts }) => verdicts.drop, arrive: 0 },
  { name: 'TX', object: 'b_live', program: 'lv_tx', counted: ({ verdicts }) => verdicts.tx, arrive: 1 },
  { name: 'devmap redirect', object: 'b_live', program: 'lv_redir', counted: redirected, arrive: 1 },
  {
    name: 'PASS',
    object: 'b_live',
    program: 'lv_pass',
    counted: ({ stacks }) => stacks.near.UNHANDLED_PROTO,
    arrive: 0,
  },
  { name: 'devmap program', object: 'b_ways', program: 'w_egress', counted: redirected, arrive: 1 },
  { name: 'broadcast to 2', object: 'b_ways', program: 'w_bcast', counted: redirected, arrive: 2 },
  // The kernel's figure is without the other CPU's work, the engine's with it.
  { name: 'cpumap', object: 'b_ways', program: 'w_cpu', counted: onCpu, arrive: 0 },
];

function loadInto(name: string, beside?: LoadedObject): LoadedObject {
  const opened = openObject({ path: name, bytes: new Uint8Array(readFileSync(fixture(name))) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, beside === undefined ? { cpus: 2 } : { world: beside.world });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

function idOf(object: LoadedObject, name: string): number {
  const program = object.program(name);
  if (!program.ok) throw new Error(program.error.message);
  return program.value.id;
}

export class EngineSide {
  readonly run: LiveRun;
  private readonly peer: LoadedObject;

  constructor(
    { object: name, program }: Pick<Way, 'object' | 'program'>,
    batch_size: number,
    more: Partial<LiveOpts> = {},
  ) {
    const object = loadInto(name);
    this.peer = loadInto('b_peer', object);
    const p_drop = this.peer.program('p_drop');
    if (!p_drop.ok) throw new Error(p_drop.error.message);
    const far = (dev: number) => ({ netns: 'near' as const, dev, program: p_drop.value });
    const run = openLive(object, program, {
      ...{ data_in: packetOf(scenario), ctx_in: ctxOf(scenario)!, repeat: Infinity, batch_size, netns: NETNS },
      links: [
        { dev: IFINDEX.a0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.a1 } },
        { dev: IFINDEX.b0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.b1 } },
      ],
      xdp: [far(IFINDEX.a1), far(IFINDEX.b1)],
      ...more,
    });
    if (!run.ok) throw new Error(run.error.message);
    this.run = run.value;
    const set = (map: string, key: number, ...words: readonly number[]): void => {
      object.map(map)?.userUpdate(u32(key), new Uint8Array(words.flatMap((word) => [...u32(word)])), 0);
    };
    set('dm', 0, IFINDEX.b0);
    if (name === 'b_live') return;
    set('guarded', 0, IFINDEX.b0, idOf(object, 'w_leave'));
    set('both', 0, IFINDEX.a0);
    set('both', 1, IFINDEX.b0);
    set('cpus', 1, 2048, idOf(object, 'w_there'));
  }

  /** Frames that the far ends' program has seen. */
  get arrived(): number {
    return Number(new DataView(this.peer.map('cnt')!.userLookup(u32(0))!.buffer).getBigUint64(0, true));
  }
}
