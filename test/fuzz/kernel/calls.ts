/** Statements that call: helpers whose answers are the same everywhere, local functions, and the old packet loads. */
import { ALU, CLASS, JMP, MODE, SIZE } from '../../../engine/uapi/opcodes.ts';
import { type Frame, fetchInto, KEY_SLOT, PACKET_BYTES, renew, SCRATCH, temps, VALUE_SLOT } from './frame.ts';
import {
  addK,
  andK,
  callHelper,
  callLocal,
  FP,
  jumpK,
  jumpX,
  load,
  mapHandle,
  movK,
  movX,
  op,
  store,
  storeK,
} from './ops.ts';
import { type Item, type Node, straight } from './tree.ts';

/** Helper numbers (include/uapi/linux/bpf.h). */
const HELPER = {
  MAP_LOOKUP: 1,
  MAP_UPDATE: 2,
  MAP_DELETE: 3,
  TAIL_CALL: 12,
  SKB_VLAN_PUSH: 18,
  SKB_VLAN_POP: 19,
  SKB_STORE_BYTES: 9,
  SKB_LOAD_BYTES: 26,
  CSUM_DIFF: 28,
  SKB_CHANGE_TAIL: 38,
  SKB_PULL_DATA: 39,
  XDP_ADJUST_HEAD: 44,
  XDP_ADJUST_TAIL: 65,
  XDP_GET_BUFF_LEN: 188,
  XDP_LOAD_BYTES: 189,
  XDP_STORE_BYTES: 190,
} as const;

/** After a call r1 to r5 are gone; r0 holds its answer. */
const CLOBBERED = [1, 2, 3, 4, 5];

function keyOnStack(frame: Frame): Item[] {
  const { rng } = frame;
  const reg = rng.pick(frame.scalars);
  const mask = rng.pick([3, 7, 15]);
  return rng.chance(40)
    ? [storeK(4, FP, KEY_SLOT, rng.below(mask + 1))]
    : [movX(0, reg), andK(0, mask), store(4, FP, KEY_SLOT, 0)];
}

/** bpf_map_lookup_elem, and an access where it finds something. */
export function lookup(frame: Frame): Node {
  const { rng } = frame;
  const none = frame.freshLabel();
  const width = rng.pick([4, 8] as const);
  const items: Item[] = [...keyOnStack(frame), movX(2, FP), addK(2, KEY_SLOT)];
  items.push(mapHandle(1, rng.pick(['table', 'slots'])), callHelper(HELPER.MAP_LOOKUP), movX(1, 0), movK(0, rng.imm()));
  items.push(rng.chance(50) ? jumpK(JMP.JEQ, 1, 0, none) : jumpK(JMP.JEQ, 1, 0, none));
  items.push(rng.chance(50) ? load(width, 0, 1, 0) : store(width, 1, 8, 0), { label: none });
  return straight([...items, ...renew(frame, CLOBBERED)]);
}

/** bpf_map_update_elem and bpf_map_delete_elem; r0 is their answer. */
export function update(frame: Frame): Node {
  const { rng } = frame;
  const items: Item[] = [...keyOnStack(frame)];
  items.push(store(8, FP, VALUE_SLOT, rng.pick(frame.scalars)), store(8, FP, VALUE_SLOT + 8, rng.pick(frame.scalars)));
  items.push(movX(2, FP), addK(2, KEY_SLOT));
  if (rng.chance(30)) {
    items.push(mapHandle(1, rng.pick(['table', 'slots'])), callHelper(HELPER.MAP_DELETE));
  } else {
    items.push(movX(3, FP), addK(3, VALUE_SLOT), movK(4, rng.pick([0, 0, 0, 1, 2, 3])));
    items.push(mapHandle(1, rng.pick(['table', 'slots'])), callHelper(HELPER.MAP_UPDATE));
  }
  return straight([...items, ...renew(frame, CLOBBERED)]);
}

/** bpf_csum_diff over stack and map value. */
export function checksum(frame: Frame): Node {
  const { rng } = frame;
  const size = () => 4 * rng.between(0, 12);
  const seed = rng.pick(frame.scalars);
  const items: Item[] = [movX(0, seed), fetchInto(frame, 'value', 3), movX(5, 0), movX(1, FP), addK(1, SCRATCH)];
  items.push(movK(2, size()), movK(4, size()), callHelper(HELPER.CSUM_DIFF));
  return straight([...items, ...renew(frame, CLOBBERED)]);
}

/** bpf_xdp_load_bytes, _store_bytes, bpf_skb_load_bytes, _store_bytes: at an offset that may lie outside. */
export function copyBytes(frame: Frame): Node {
  const { rng } = frame;
  const write = rng.chance(40) && frame.kind !== 'socket';
  const items: Item[] = [movX(0, rng.pick(frame.scalars)), andK(0, rng.pick([31, 63, 255]))];
  items.push(
    fetchInto(frame, 'ctx', 1),
    movX(2, 0),
    movX(3, FP),
    addK(3, SCRATCH),
    movK(4, rng.pick([1, 2, 6, 14, 40, 64])),
  );
  if (frame.kind === 'xdp') {
    items.push(callHelper(write ? HELPER.XDP_STORE_BYTES : HELPER.XDP_LOAD_BYTES));
  } else {
    items.push(movK(5, 0), callHelper(write ? HELPER.SKB_STORE_BYTES : HELPER.SKB_LOAD_BYTES));
  }
  const answer = [...items, ...renew(frame, CLOBBERED)];
  return straight(write && frame.kind === 'tc' ? [...answer, ...freshPacket(frame)] : answer);
}

/** Packet pointers read anew from the context; a packet that is too short by now ends the run. */
export function freshPacket(frame: Frame): Item[] {
  const items: Item[] = [fetchInto(frame, 'ctx', 3)];
  const [data, end] = frame.kind === 'xdp' ? [0, 4] : [76, 80];
  items.push(
    load(4, 1, 3, data),
    load(4, 2, 3, end),
    movX(3, 1),
    addK(3, PACKET_BYTES),
    jumpX(JMP.JGT, 3, 2, frame.exit),
  );
  const put = (role: 'packet' | 'end', reg: number): Item => {
    const home = frame.homes.get(role)!;
    return 'reg' in home ? movX(home.reg, reg) : store(8, FP, home.slot, reg);
  };
  return [...items, put('packet', 1), put('end', 2), ...renew(frame, [1, 2, 3])];
}

/** bpf_xdp_adjust_head and _tail by a little, either way. */
export function adjustPacket(frame: Frame): Node {
  const { rng } = frame;
  const items: Item[] = [fetchInto(frame, 'ctx', 1), movK(2, rng.between(-12, 16))];
  items.push(callHelper(rng.chance(50) ? HELPER.XDP_ADJUST_HEAD : HELPER.XDP_ADJUST_TAIL));
  return straight([...items, ...renew(frame, CLOBBERED), ...freshPacket(frame)]);
}

export function packetLength(frame: Frame): Node {
  return straight([fetchInto(frame, 'ctx', 1), callHelper(HELPER.XDP_GET_BUFF_LEN), ...renew(frame, CLOBBERED)]);
}

/** A local function: the map value in r1, these scratch words in r2, numbers in r3 to r5. */
export function callFunction(frame: Frame): Node {
  const items: Item[] = [fetchInto(frame, 'value', 1), movX(2, FP), addK(2, SCRATCH)];
  return straight([...items, callLocal(frame.rng.pick(frame.callees)), ...renew(frame, CLOBBERED)]);
}

/** bpf_tail_call into a slot that may be empty, or outside. */
export function tailCall(frame: Frame): Node {
  const { rng } = frame;
  const items: Item[] = [movX(3, rng.pick(frame.scalars)), andK(3, rng.pick([1, 3, 7]))];
  items.push(fetchInto(frame, 'ctx', 1), mapHandle(2, 'jumps'), callHelper(HELPER.TAIL_CALL));
  return straight([...items, ...renew(frame, [0, ...CLOBBERED])]);
}

/** bpf_skb_change_tail, _pull_data, _vlan_push, _vlan_pop: what moves a socket buffer's bytes. */
export function changeBuffer(frame: Frame): Node {
  const { rng } = frame;
  const items: Item[] = [fetchInto(frame, 'ctx', 1)];
  switch (rng.below(4)) {
    case 0:
      items.push(movK(2, rng.between(60, 300)), movK(3, 0), callHelper(HELPER.SKB_CHANGE_TAIL));
      break;
    case 1:
      items.push(movK(2, rng.pick([0, 10, 64, 100, 2000])), callHelper(HELPER.SKB_PULL_DATA));
      break;
    case 2:
      items.push(
        movK(2, rng.pick([0x0081, 0xa888, 0x0008])),
        movK(3, rng.below(0x10000)),
        callHelper(HELPER.SKB_VLAN_PUSH),
      );
      break;
    default:
      items.push(callHelper(HELPER.SKB_VLAN_POP));
  }
  return straight([...items, ...renew(frame, CLOBBERED), ...freshPacket(frame)]);
}

/** LD_ABS and LD_IND, which end the run with 0 when they read outside; the context must be in r6. */
export function oldLoad(frame: Frame): Node {
  const { rng } = frame;
  const size = rng.pick([SIZE.B, SIZE.H, SIZE.W]);
  if (rng.chance(50))
    return straight([op(CLASS.LD | MODE.ABS | size, 0, 0, 0, rng.below(40)), ...renew(frame, CLOBBERED)]);
  const index = rng.pick([0, 1, 2, 3, 4, 5]);
  const items: Item[] = [andK(index, 31), op(CLASS.LD | MODE.IND | size, 0, index, 0, rng.below(12))];
  return straight([...items, ...renew(frame, CLOBBERED)]);
}

/** Pointer minus pointer, and comparisons the verifier lets through: a packet's length from its pointers. */
export function measure(frame: Frame): Node {
  const [a = 1, b = 2] = temps(frame, 2);
  const items: Item[] = [fetchInto(frame, 'end', a), fetchInto(frame, 'packet', b)];
  items.push(op(CLASS.ALU64 | ALU.SUB | 8, a, b, 0, 0), movX(0, a));
  return straight([...items, ...renew(frame, [a, b])]);
}
