/** Lets a program of the user's be entered through one of ours, which calls it: verdicts are counted, arriving frames captured, wherever BPF itself is allowed. */
import type { ObjectSpec, ProgramSpec } from '../../../engine/index.ts';
import type { LiveWatch } from './live-watch.ts';

const INSN = 8;
/** src_reg of a ldimm64. */
const PSEUDO = { map: 1, map_value: 2 } as const;
/** What stands for the user's program in ours, at its end. */
const PLACEHOLDER = 'user';

/** Instructions up to the placeholder, with the maps' descriptors in them: these maps are none of the user's object. */
function linkedEntry(entry: ProgramSpec, end: number, watch: LiveWatch): Uint8Array {
  const insns = new Uint8Array(entry.insns.slice(0, end * INSN));
  const view = new DataView(insns.buffer);
  for (const { insn, kind, name, off } of entry.relocs) {
    if (insn >= end) continue;
    const map = watch.maps.get(name);
    if (map === undefined || (kind !== 'map' && kind !== 'map_value')) throw new Error(`${entry.name} needs ${name}`);
    view.setUint8(insn * INSN + 1, (view.getUint8(insn * INSN + 1) & 0x0f) | (PSEUDO[kind] << 4));
    view.setInt32(insn * INSN + 4, map.fd, true);
    view.setInt32(insn * INSN + 12, kind === 'map' ? 0 : off, true);
  }
  return insns;
}

/**
 * The program behind one of ours: `r6 = r1; …; call user; …; exit`, then the user's instructions. Calls within those are relative, so
 * they stay right; for BTF both functions are of the user's type, int (struct xdp_md *).
 */
function behind(user: ProgramSpec, entry: ProgramSpec, watch: LiveWatch): ProgramSpec {
  const end = entry.subprogs.find(({ name }) => name === PLACEHOLDER)?.start ?? 0;
  if (end === 0 || entry.subprogs.some(({ start }) => start > end))
    throw new Error(`${entry.name} does not end in a placeholder`);
  const own = linkedEntry(entry, end, watch);
  const insns = new Uint8Array(own.length + user.insns.length);
  insns.set(own);
  insns.set(user.insns, own.length);
  const shifted = user.subprogs.map((one) => ({ ...one, start: one.start + end }));
  const main = user.subprogs.find(({ start }) => start === 0);
  return {
    ...user,
    insns,
    relocs: user.relocs.map((one) => ({ ...one, insn: one.insn + end })),
    lines: user.lines.map((one) => ({ ...one, insn: one.insn + end })),
    subprogs: main === undefined ? shifted : [{ ...main, start: 0 }, ...shifted],
  };
}

/** The object with programs of it behind ours: by the user's name the name of ours. */
export function withEntries(spec: ObjectSpec, entries: ReadonlyMap<string, string>, watch: LiveWatch): ObjectSpec {
  const programs = spec.programs.map((program) => {
    const name = entries.get(program.name);
    const entry = name === undefined ? undefined : watch.spec.programs.find((one) => one.name === name);
    return entry === undefined || program.error !== null ? program : behind(program, entry, watch);
  });
  return { ...spec, programs };
}
