/** Sentences for accesses outside of what they may touch: offset in the region the pointer belongs to, and the distance to its end. */

import { FAULT, FRAME_SIZE, PACKET_BASE, PACKET_SIZE, PRIV, REGION, STACK_BASE, STACK_SIZE } from '../../layout.ts';
import type { World } from '../../load/types.ts';
import type { BpfMap } from '../../maps/map.ts';
import { ctxStructOf } from '../../uapi/contexts.ts';
import { ctxFieldAt, ctxFieldRule } from '../../uapi/ctx-access.ts';
import { baseRegister } from './origin.ts';
import type { FaultRecord } from './record.ts';
import { accessText, bytesText, hexText } from './text.ts';

/** The sentence for a fault that is about memory. */
export function badAccess(world: World, found: FaultRecord): string {
  const fault = found.region === REGION.NONE ? placed(world, found) : found;
  switch (fault.region) {
    case REGION.PACKET:
      return packet(world, fault);
    case REGION.PACKET_META:
      return packetMeta(world, fault);
    case REGION.STACK:
      return stack(fault);
    case REGION.CTX:
      return context(world, fault);
    case REGION.MAP_VALUE:
      return mapValue(world, fault);
    case REGION.RINGBUF:
      return record(world, fault);
    case REGION.MEM:
      return block(world, fault);
    default:
      return elsewhere(fault);
  }
}

/** How far behind a block an address is still said to have missed it. */
const NEAR = 4096n;

/** A fault at an address whose kind was not known, in the region that the address missed, if there is one nearby. */
function placed(world: World, fault: FaultRecord): FaultRecord {
  const { address } = fault;
  const inside = (from: number, bytes: number): boolean =>
    address >= BigInt(from) - NEAR && address < BigInt(from + bytes) + NEAR;
  if (inside(STACK_BASE, STACK_SIZE)) return { ...fault, region: REGION.STACK };
  if (inside(word(world, PRIV.CTX_ADDR), word(world, PRIV.CTX_LEN))) return { ...fault, region: REGION.CTX };
  if (inside(PACKET_BASE, PACKET_SIZE)) return { ...fault, region: REGION.PACKET };
  const below = address < 2n ** 32n ? world.mem.regionAtOrBelow(Number(address)) : undefined;
  return below !== undefined && inside(below.base, below.len)
    ? { ...fault, region: below.kind, map: below.map }
    : fault;
}

/** Where an access of `size` bytes at `offset` leaves a block of `length` bytes, in words: `2 bytes past data_end`. */
function outside(offset: bigint, size: number, length: number, start: string, end: string): string {
  if (offset < 0n) return `${bytesText(-offset)} before ${start}`;
  const past = offset + BigInt(size) - BigInt(length);
  return `${bytesText(past > 0n ? past : 0n)} past ${end}`;
}

function word(world: World, at: number): number {
  return world.mem.u32[at >> 2]!;
}

function packet(world: World, fault: FaultRecord): string {
  const data = word(world, PRIV.PKT_DATA);
  const length = word(world, PRIV.PKT_END) - data;
  const offset = fault.address - BigInt(data);
  if (fault.kind === FAULT.READ_ONLY)
    return `${accessText(fault)} of the packet, which programs of this type only read`;
  const where = `${accessText(fault)} at offset ${offset} of the packet, which has ${bytesText(length)}`;
  return `${where}: ${outside(offset, fault.size, length, 'data', 'data_end')}`;
}

function packetMeta(world: World, fault: FaultRecord): string {
  const meta = word(world, PRIV.PKT_META);
  const length = word(world, PRIV.PKT_DATA) - meta;
  const offset = fault.address - BigInt(meta);
  const where = `${accessText(fault)} at offset ${offset} of the metadata, which has ${bytesText(length)}`;
  return `${where}: ${outside(offset, fault.size, length, 'data_meta', 'data')}`;
}

function stack(fault: FaultRecord): string {
  const offset = fault.address - fault.registers[10]!;
  const where = `${accessText(fault)} at r10${offset < 0n ? '-' : '+'}${offset < 0n ? -offset : offset}`;
  if (offset + BigInt(fault.size) > 0n) return `${where}, above the stack frame`;
  const below = -offset - BigInt(FRAME_SIZE);
  return below > 0n ? `${where}, ${bytesText(below)} below the ${FRAME_SIZE} bytes of the stack frame` : where;
}

function context(world: World, fault: FaultRecord): string {
  const { type, spec } = fault.program;
  const struct = ctxStructOf(type, spec.attach_type, spec.struct_ops?.member);
  const offset = fault.address - BigInt(word(world, PRIV.CTX_ADDR));
  if (struct === null) {
    const length = word(world, PRIV.CTX_LEN);
    const where = `${accessText(fault)} at offset ${offset} of the context, which has ${bytesText(length)}`;
    return `${where}: ${outside(offset, fault.size, length, 'its start', 'its end')}`;
  }
  const field = ctxFieldAt(struct, Number(offset));
  if (field !== undefined) return `${accessText(fault)} of ctx->${field.name}, ${ctxFieldRule(field, fault.write)}`;
  const where = `${accessText(fault)} at offset ${offset} of struct ${struct.name}, which has ${bytesText(struct.size)}`;
  if (offset >= 0n && offset + BigInt(fault.size) <= BigInt(struct.size)) return `${where}: no field is there`;
  return `${where}: ${outside(offset, fault.size, struct.size, 'its start', 'its end')}`;
}

/** Offset of the access from the start of the value that its base register points into, and that value's address. */
function inValue(world: World, fault: FaultRecord, map: BpfMap): { offset: bigint; start: number } | null {
  const register = baseRegister(fault.insn);
  const pointer = register < 0 ? fault.address : fault.registers[register]!;
  const region = world.mem.regionAtOrBelow(Number(BigInt.asUintN(32, pointer)));
  if (region === undefined || region.map !== map.handle) return null;
  const inRegion = Number(BigInt.asUintN(32, pointer)) - region.base;
  const start = region.stride === 0 ? region.base : region.base + Math.floor(inRegion / region.stride) * region.stride;
  return { offset: fault.address - BigInt(start), start };
}

function mapValue(world: World, fault: FaultRecord): string {
  const map = fault.map === 0 ? undefined : world.maps.byHandle(fault.map);
  if (map === undefined) return elsewhere(fault);
  const { name, value_size } = map.def;
  const at = inValue(world, fault, map);
  const offset = at === null ? `${hexText(fault.address)} near` : `offset ${at.offset} of`;
  const where = `${accessText(fault)} at ${offset} a value of map ${name}`;
  if (fault.kind === FAULT.READ_ONLY) return `${where}, which programs cannot write`;
  if (at === null) return `${where}, whose values have ${bytesText(value_size)}`;
  return `${where}, which has ${bytesText(value_size)}: ${outside(at.offset, fault.size, value_size, 'its start', 'its end')}`;
}

function record(world: World, fault: FaultRecord): string {
  const region = world.mem.regionAtOrBelow(Number(BigInt.asUintN(32, fault.address)));
  const map = world.maps.byHandle(fault.map === 0 ? (region?.map ?? 0) : fault.map);
  const name = map === undefined ? 'a ring buffer' : `ring buffer ${map.def.name}`;
  if (region?.kind !== REGION.RINGBUF)
    return `${accessText(fault)} at ${hexText(fault.address)}, outside of the records reserved in ${name}`;
  const offset = fault.address - BigInt(region.base);
  const where = `${accessText(fault)} at offset ${offset} of a record of ${bytesText(region.len)} in ${name}`;
  return `${where}: ${outside(offset, fault.size, region.len, 'its start', 'its end')}`;
}

/** Memory lent to the program that is none of the other kinds. */
function block(world: World, fault: FaultRecord): string {
  const region = world.mem.regionAtOrBelow(Number(BigInt.asUintN(32, fault.address)));
  if (region?.kind !== REGION.MEM) return elsewhere(fault);
  const offset = fault.address - BigInt(region.base);
  const where = `${accessText(fault)} at offset ${offset} of memory of ${bytesText(region.len)}`;
  return `${where}: ${outside(offset, fault.size, region.len, 'its start', 'its end')}`;
}

function elsewhere(fault: FaultRecord): string {
  const where = `${accessText(fault)} at ${hexText(fault.address)}`;
  return fault.kind === FAULT.READ_ONLY
    ? `${where}, which the program cannot write`
    : `${where}, which is no memory of the program`;
}
