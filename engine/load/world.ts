/** Makes a world: one linear memory, its maps and programs, and the run context that helpers work on. */
import { DEFAULT_ENV, DEVICES } from '../env.ts';
import { invariant } from '../errors.ts';
import { HELPER_MAKERS } from '../helpers/index.ts';
import type { RunCtx } from '../helpers/run-ctx.ts';
import { trampoline } from '../jit/stubs.ts';
import { PRIV } from '../layout.ts';
import { MapTable } from '../maps/map-table.ts';
import { WorldMemory } from '../memory.ts';
import { freshNetns, hasDevice } from '../net/netns.ts';
import { SocketTable } from '../net/socket-table.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { Budget } from './budget.ts';
import { ProgramTable } from './program-table.ts';
import type { World } from './types.ts';

/** An empty world with `cpus` possible CPUs. */
export function makeWorld(cpus: number): World {
  const mem = new WorldMemory();
  const maps = new MapTable(mem, cpus);
  const programs = new ProgramTable(mem.wasm);
  maps.programIndex = (id, attach) =>
    attach === undefined || programs.byId(id)?.spec.attach_type === attach ? programs.indexOf(id) : 0;
  const budget = new Budget(mem);
  const rc = makeRunCtx(mem, maps, programs);
  maps.hasDevice = (ifindex) => hasDevice(rc.netns, ifindex);
  maps.socket = (cookie) => rc.sockets.byCookie(cookie);
  const helpers = new Map<string, (...args: number[]) => number>();
  return {
    ...{ mem, maps, rc, programs, budget },
    helper(name) {
      let made = helpers.get(name);
      if (made === undefined) {
        const maker = HELPER_MAKERS[name];
        invariant(maker !== undefined, `helper ${name} has a signature but no implementation`);
        made = maker(rc);
        helpers.set(name, made);
      }
      return made;
    },
  };
}

/** The namespace of runs that describe none. */
export const FRESH_NETNS = freshNetns(DEVICES);

function makeRunCtx(mem: WorldMemory, maps: MapTable, programs: ProgramTable): RunCtx {
  const rc: RunCtx = {
    ...{ mem, host: maps, env: DEFAULT_ENV, progType: PROG_TYPE.UNSPEC, skb: null, xdp: null },
    ...{ clockReads: 0, timer: 0, random: 0, redirect: null, redirectRun: 0, clones: [], printk: [], records: [] },
    ...{
      netns: FRESH_NETNS,
      sockets: new SocketTable(mem),
      socketsHeld: 0,
      kernelStructs: [],
      userMemory: [],
      ifindex: 0,
    },
    lookup: { selected: 0, reuseport: true },
    packetBytes: (length) => rc.skb?.packetBytes(length) ?? rc.xdp?.packetBytes(length) ?? null,
    mapName: (handle) => maps.byHandle(handle)?.def.name ?? '',
    callFunc: callerOf(mem, programs),
    fault(kind, address, size, write, region) {
      const { u32 } = mem;
      u32[PRIV.FAULT_KIND >> 2] = kind;
      u32[PRIV.FAULT_SIZE >> 2] = size;
      u32[PRIV.FAULT_ADDR >> 2] = address;
      u32[(PRIV.FAULT_ADDR >> 2) + 1] = 0;
      u32[PRIV.FAULT_REGION >> 2] = region;
      u32[PRIV.FAULT_WRITE >> 2] = write ? 1 : 0;
      u32[PRIV.FAULT_MAP >> 2] = 0;
      return 0;
    },
  };
  return rc;
}

let trampolineModule: WebAssembly.Module | null = null;

/** Calls from JavaScript into BPF functions cross a WebAssembly function that widens their arguments. */
function callerOf(mem: WorldMemory, programs: ProgramTable): RunCtx['callFunc'] {
  trampolineModule ??= new WebAssembly.Module(trampoline() as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(trampolineModule, { m: { memory: mem.wasm, table: programs.wasm } });
  return exports.call as RunCtx['callFunc'];
}
