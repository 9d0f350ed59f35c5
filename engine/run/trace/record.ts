/** The ring in which a traced run leaves its last instructions: registers, packet bounds, and what helpers are about to read. */
import { PRIV } from '../../layout.ts';
import type { Step } from '../../load/program-table.ts';
import type { World } from '../../load/types.ts';
import type { BpfMap } from '../../maps/map.ts';
import type { HelperProto } from '../../uapi/helper-protos.ts';
import { readInsn } from '../../uapi/insn.ts';
import { CALLS } from '../../uapi/kfunc-protos.ts';

const OP_CALL = 0x85;
const REGISTER_WORDS = 22;
/** Words of a row: registers, then these. */
const AT = { PROGRAM: 22, INSN: 23, FRAME: 24, META: 25, DATA: 26, END: 27 } as const;
const ROW = 28;
const BYTES_SHOWN = 64;
const KEYS_SHOWN = 8;
const VALUE_SHOWN = 256;

/** What a call of a helper found before it. */
export interface CallSeen {
  readonly proto: HelperProto;
  readonly bytes: readonly (Uint8Array | null)[];
  /** The map of its first argument. */
  readonly map: BpfMap | undefined;
  /** Of lookups that found something. */
  found: Uint8Array | null;
  /** Of lookups that found nothing. */
  keys: Uint8Array[] | null;
  more_keys: boolean;
}

export class TraceRecord {
  /** Instructions seen. */
  total = 0;
  /** PRIV.PKT_DATA at the first. */
  start = 0;
  readonly max: number;
  private readonly world: World;
  private readonly words: Uint32Array;
  private readonly calls: (CallSeen | undefined)[] = [];
  private lookup: CallSeen | null = null;

  constructor(world: World, max: number) {
    this.world = world;
    this.max = max;
    this.words = new Uint32Array(max * ROW);
  }

  readonly step: Step = (program, insn, frame) => {
    const { u32 } = this.world.mem;
    const slot = this.total % this.max;
    const row = slot * ROW;
    const from = PRIV.TRACE_REGS >> 2;
    for (let word = 0; word < REGISTER_WORDS; word++) this.words[row + word] = u32[from + word]!;
    this.words[row + AT.PROGRAM] = program;
    this.words[row + AT.INSN] = insn;
    this.words[row + AT.FRAME] = frame;
    this.words[row + AT.META] = u32[PRIV.PKT_META >> 2]!;
    this.words[row + AT.DATA] = u32[PRIV.PKT_DATA >> 2]!;
    this.words[row + AT.END] = u32[PRIV.PKT_END >> 2]!;
    if (this.total === 0) this.start = u32[PRIV.PKT_DATA >> 2]!;
    this.total++;
    if (this.lookup !== null) this.settleLookup(this.lookup);
    this.calls[slot] = this.callAt(program, insn);
  };

  /** Forgets what it saw: another run begins. */
  begin(): void {
    this.total = 0;
    this.start = 0;
    this.calls.length = 0;
    this.lookup = null;
  }

  /** How many instructions are kept. */
  get length(): number {
    return Math.min(this.total, this.max);
  }

  private row(i: number): number {
    return ((this.total - this.length + i) % this.max) * ROW;
  }

  /** Of the i-th instruction kept, oldest first. */
  register(i: number, register: number): bigint {
    const at = this.row(i) + 2 * register;
    return BigInt(this.words[at]!) | (BigInt(this.words[at + 1]!) << 32n);
  }

  program(i: number): number {
    return this.words[this.row(i) + AT.PROGRAM]!;
  }

  insn(i: number): number {
    return this.words[this.row(i) + AT.INSN]!;
  }

  frame(i: number): number {
    return this.words[this.row(i) + AT.FRAME]!;
  }

  packet(i: number): { readonly meta: number; readonly data: number; readonly end: number } {
    const row = this.row(i);
    return { meta: this.words[row + AT.META]!, data: this.words[row + AT.DATA]!, end: this.words[row + AT.END]! };
  }

  call(i: number): CallSeen | undefined {
    return this.calls[this.row(i) / ROW];
  }

  private callAt(program: number, at: number): CallSeen | undefined {
    const insns = this.world.programs.byId(program)?.insns;
    if (insns === undefined || insns[at * 8] !== OP_CALL) return undefined;
    const insn = readInsn(insns, at);
    const proto = insn.src === 0 ? CALLS.get(insn.imm) : undefined;
    if (proto === undefined) return undefined;
    const map = proto.args.includes('map')
      ? this.world.maps.byHandle(this.argument(proto.args.indexOf('map')))
      : undefined;
    const bytes = proto.args.map((kind, arg) => this.bytesOf(kind, arg, map));
    const seen: CallSeen = { proto, map, bytes, found: null, keys: null, more_keys: false };
    this.lookup = proto.name === 'map_lookup_elem' && map !== undefined ? seen : null;
    return seen;
  }

  /** Low half of r1 for 0, of r2 for 1, … */
  private argument(arg: number): number {
    return this.world.mem.u32[(PRIV.TRACE_REGS >> 2) + 2 * (arg + 1)]!;
  }

  private bytesOf(kind: string, arg: number, map: BpfMap | undefined): Uint8Array | null {
    const { u8, u32 } = this.world.mem;
    const size =
      kind === 'map_key'
        ? map?.def.key_size
        : kind === 'map_value'
          ? map?.def.value_size
          : kind === 'mem'
            ? this.argument(arg + 1)
            : 0;
    const address = this.argument(arg);
    const short = u32[(PRIV.TRACE_REGS >> 2) + 2 * (arg + 1) + 1] === 0;
    if (size === undefined || size === 0 || !short || address < PRIV.TRACE_REGS + 4096) return null;
    return address + size > u8.length ? null : u8.slice(address, address + Math.min(size, BYTES_SHOWN));
  }

  /** The lookup just before came back. */
  private settleLookup(seen: CallSeen): void {
    this.lookup = null;
    const r0 = PRIV.TRACE_REGS >> 2;
    const { u8, u32 } = this.world.mem;
    const value = u32[r0]!;
    if (value !== 0) {
      // Maps of maps give maps, which have no bytes of their own.
      const { value_size, inner } = seen.map!.def;
      if (inner === null) seen.found = u8.slice(value, value + Math.min(value_size, VALUE_SHOWN));
      return;
    }
    const keys: Uint8Array[] = [];
    for (const key of seen.map!.userKeys()) {
      if (keys.length === KEYS_SHOWN) {
        seen.more_keys = true;
        break;
      }
      keys.push(key.slice());
    }
    seen.keys = keys;
  }
}
