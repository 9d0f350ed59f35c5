/** The programs of a live run: the one that is run, those behind devmaps, cpumaps and devices, and verdicts that need no object. */
import { invariant } from '../../errors.ts';
import { CTX_BASE, PRIV } from '../../layout.ts';
import { Program } from '../../load/program.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import type { LiveProg } from '../../net/net-device.ts';
import type { ProgramSpec } from '../../object/spec.ts';
import { writeInsn } from '../../uapi/insn.ts';
import { PROG_TYPE } from '../../uapi/prog-types.ts';

/** Verdicts by the name under which a device can have them in the place of a program. */
export const VERDICTS = { aborted: 0, drop: 1, pass: 2, tx: 3 } as const;
export type VerdictName = keyof typeof VERDICTS;

const OP_MOV32_K = 0xb4;
const OP_EXIT = 0x95;
const TAIL_CALLS = PRIV.TAIL_CALLS >>> 2;

export class LivePrograms {
  private readonly world: World;
  private readonly byIds = new Map<number, LiveProg>();

  constructor(world: World) {
    this.world = world;
  }

  of(program: LoadedProgram): LiveProg {
    const known = this.byIds.get(program.id);
    if (known !== undefined) return known;
    const made = liveProg(program);
    this.byIds.set(program.id, made);
    return made;
  }

  /** A program that does not run on XDP frames. */
  beside(program: LoadedProgram): LiveProg {
    return liveProg(program);
  }

  /** All that were asked for so far: the run's own, and those behind devices and maps. */
  all(): LiveProg[] {
    return [...this.byIds.values()];
  }

  /** The program with an id; throws RefusedProgram when it does not load. */
  byId(id: number): LiveProg {
    const known = this.byIds.get(id);
    if (known !== undefined) return known;
    const program = this.world.programs.reach(id);
    invariant(program !== undefined, `no program has the id ${id}`);
    return this.of(program);
  }

  /** A program that does nothing but return a verdict. */
  verdict(name: VerdictName): LiveProg {
    const insns = new Uint8Array(16);
    writeInsn(insns, 0, { op: OP_MOV32_K, dst: 0, src: 0, off: 0, imm: VERDICTS[name] });
    writeInsn(insns, 1, { op: OP_EXIT, dst: 0, src: 0, off: 0, imm: 0 });
    const spec: ProgramSpec = {
      ...{ name: `xdp_${name}`, section: '', type: PROG_TYPE.XDP, attach_type: 0, attach_target: '', prog_flags: 0 },
      ...{ autoload: true, insns, relocs: [], lines: [], tags: [], error: null },
      subprogs: [{ name: `xdp_${name}`, start: 0, type_id: 0, global: false }],
    };
    const place = this.world.programs.reserve(spec.name, 1, () => undefined);
    const patched = { insns, handles: new Set<number>(), poisoned: new Map<number, string>() };
    const program = new Program(this.world, spec, place, PROG_TYPE.XDP, patched, new Map());
    const translated = program.translate();
    invariant(translated.ok, 'a verdict does not translate');
    this.world.programs.add(program);
    return this.of(program);
  }

  /** bpf_prog_run_xdp on the frame in hand. */
  readonly run = (prog: Pick<LiveProg, 'run'>): number => {
    this.world.mem.u32[TAIL_CALLS] = 0;
    return prog.run(CTX_BASE, 0) >>> 0;
  };
}

function liveProg(program: LoadedProgram): LiveProg {
  const { id, table_index, spec } = program;
  return { id, table_index, name: spec.name, run: program.entry() };
}
