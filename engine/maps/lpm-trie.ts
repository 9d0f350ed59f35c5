/** BPF_MAP_TYPE_LPM_TRIE (kernel/bpf/lpm_trie.c): longest prefix match by a binary trie that skips bits without a branch. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import { INTERMEDIATE, LpmNodes, NODE, type SavedNodes } from './lpm-nodes.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { MapBase, strideOf } from './map-base.ts';
import { type SavedPool, SlotPool } from './slot-pool.ts';
import { UndoArea } from './undo-area.ts';

export class LpmTrie extends MapBase {
  private readonly area: UndoArea;
  private readonly stride: number;
  private readonly dataBytes: number;
  private readonly maxLength: number;
  private readonly nodes: LpmNodes;
  private readonly pool: SlotPool;
  private count = 0;
  private changed = false;
  private saved: { nodes: SavedNodes; pool: SavedPool; count: number };
  /** Data of the key in hand. */
  private readonly key: Int32Array;
  /** A key and a value from user space on their way in. */
  private readonly scratch: number;
  /** Where descend() ended: the node there (0: a free place), its parent, the parent's own parent, bits matched. */
  private readonly at = { node: 0, parent: 0, grandparent: 0, matched: 0 };

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, scratch: number) {
    super(host, def, id);
    this.area = area;
    this.stride = strideOf(def.value_size);
    this.dataBytes = def.key_size - 4;
    this.maxLength = this.dataBytes * 8;
    this.nodes = new LpmNodes(Math.ceil(this.dataBytes / 4));
    this.key = new Int32Array(this.nodes.words);
    // One more than fits: a replaced value stays readable through older pointers while the new one is written.
    this.pool = new SlotPool(def.max_entries + 1);
    this.saved = { nodes: this.nodes.save(), pool: this.pool.save(), count: 0 };
    this.scratch = scratch;
    this.describe();
    const { base, bytes } = area;
    const elem = def.value_size;
    const common = { kind: REGION.MAP_VALUE, map: this.handle };
    this.mem.addRegion({ base, len: bytes, stride: this.stride, elem, write: this.writable, ...common });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): LpmTrie | null {
    const stride = strideOf(def.value_size);
    const area = UndoArea.reserve(host.mem, (def.max_entries + 1) * stride, stride);
    const scratch = area === null ? 0 : host.mem.alloc(strideOf(def.key_size) + def.value_size, 8);
    return area === null || scratch === 0 ? null : new LpmTrie(host, def, id, area, scratch);
  }

  private prefixLength(key: number): number {
    return this.mem.dv.getUint32(key, true);
  }

  /** Reads a key's data into `key` as big-endian words, with zeros behind its end. */
  private read(address: number): void {
    const { dv, u8 } = this.mem;
    const whole = this.dataBytes >>> 2;
    for (let i = 0; i < whole; i++) this.key[i] = dv.getInt32(address + 4 + i * 4, false);
    if (whole === this.key.length) return;
    let word = 0;
    for (let at = whole * 4; at < this.dataBytes; at++) word |= u8[address + 4 + at]! << (24 - (at & 3) * 8);
    this.key[whole] = word;
  }

  /** Bit `index` of the key read last. */
  private bit(index: number): number {
    return (this.key[index >>> 5]! >>> (31 - (index & 31))) & 1;
  }

  /**
   * Bits that a node and the key read last have in common, at most the shorter prefix (longest_prefix_match).
   * The `known` first bits are known to agree.
   */
  private match(node: number, length: number, known: number): number {
    const { words, table } = this.nodes;
    const limit = Math.min(table[node + NODE.LENGTH]!, length);
    for (let i = known >>> 5; i < words; i++) {
      const diff = table[node + NODE.DATA + i]! ^ this.key[i]!;
      const bits = i * 32 + Math.clz32(diff);
      if (bits >= limit) return limit;
      if (diff !== 0) return bits;
    }
    return limit;
  }

  /** trie_lookup_elem */
  override lookup(key: number): number {
    const length = this.prefixLength(key);
    if (length > this.maxLength) return 0;
    const found = this.dataBytes === 4 ? this.find4(key, length) : this.findAny(key, length);
    return found === INTERMEDIATE ? 0 : this.valueAt(found);
  }

  /** Slot of the longest prefix that holds a key of one word (IPv4), or INTERMEDIATE. */
  private find4(key: number, length: number): number {
    const word = this.mem.dv.getInt32(key + 4, false);
    const { root, table } = this.nodes;
    let found = INTERMEDIATE;
    for (let node = root; node !== 0; ) {
      const nodeLength = table[node + NODE.LENGTH]!;
      if (nodeLength > length || Math.clz32(table[node + NODE.DATA]! ^ word) < nodeLength) break;
      const slot = table[node + NODE.SLOT]!;
      if (slot !== INTERMEDIATE) found = slot;
      if (nodeLength === 32) break;
      node = table[node + NODE.CHILD + ((word >>> (31 - nodeLength)) & 1)]!;
    }
    return found;
  }

  private findAny(key: number, length: number): number {
    this.read(key);
    const { root, table } = this.nodes;
    let found = INTERMEDIATE;
    let matched = 0;
    for (let node = root; node !== 0; node = table[node + NODE.CHILD + this.bit(matched)]!) {
      matched = this.match(node, length, matched);
      if (matched < table[node + NODE.LENGTH]!) break;
      const slot = table[node + NODE.SLOT]!;
      if (slot !== INTERMEDIATE) found = slot;
      if (matched === this.maxLength) break;
    }
    return found;
  }

  private valueAt(slot: number): number {
    const at = this.area.base + slot * this.stride;
    this.area.mark(at);
    return at;
  }

  private descend(length: number): void {
    const { nodes, at } = this;
    at.grandparent = 0;
    at.parent = 0;
    at.matched = 0;
    at.node = nodes.root;
    while (at.node !== 0) {
      const nodeLength = nodes.table[at.node + NODE.LENGTH]!;
      at.matched = this.match(at.node, length, at.matched);
      if (nodeLength !== at.matched || nodeLength === length) return;
      at.grandparent = at.parent;
      at.parent = at.node;
      at.node = nodes.table[at.node + NODE.CHILD + this.bit(nodeLength)]!;
    }
  }

  /** Whether descend() found a node of just this prefix. */
  private exact(length: number): boolean {
    const { node, matched } = this.at;
    return node !== 0 && matched === length && this.nodes.table[node + NODE.LENGTH] === matched;
  }

  /** Puts `by` below `parent`, on the key's side; parent 0 stands for the root. */
  private hang(parent: number, by: number): void {
    const { nodes } = this;
    if (parent === 0) nodes.root = by;
    else nodes.table[parent + NODE.CHILD + this.bit(nodes.table[parent + NODE.LENGTH]!)] = by;
  }

  /** trie_update_elem */
  override update(key: number, value: number, flags: number): number {
    const length = this.prefixLength(key);
    if (flags > UPDATE.EXIST || length > this.maxLength) return -ERRNO.EINVAL;
    this.read(key);
    this.descend(length);
    const { nodes } = this;
    const { node } = this.at;
    const exact = this.exact(length);
    const old = exact ? nodes.table[node + NODE.SLOT]! : INTERMEDIATE;
    if (old !== INTERMEDIATE && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (old === INTERMEDIATE) {
      if (flags === UPDATE.EXIST) return -ERRNO.ENOENT;
      if (this.count === this.def.max_entries) return -ERRNO.ENOSPC;
      this.count++;
    }
    this.changed = true;
    const slot = this.pool.take();
    this.mem.copy(this.valueAt(slot), value, this.def.value_size);
    if (old !== INTERMEDIATE) this.pool.give(old);
    if (exact) this.fill(node, slot);
    else this.insert(length, slot);
    return 0;
  }

  /** Gives a node the key's own bits (those behind the prefix may differ) and a value. */
  private fill(node: number, slot: number): void {
    const { table, words } = this.nodes;
    for (let i = 0; i < words; i++) table[node + NODE.DATA + i] = this.key[i]!;
    table[node + NODE.SLOT] = slot;
  }

  private insert(length: number, slot: number): void {
    const { nodes } = this;
    const { node, parent, matched } = this.at;
    const added = nodes.take(length, slot);
    this.fill(added, slot);
    if (node === 0) {
      this.hang(parent, added);
    } else if (matched === length) {
      nodes.table[added + NODE.CHILD + nodes.bit(node, matched)] = node;
      this.hang(parent, added);
    } else {
      this.hang(parent, this.branch(node, added, matched));
    }
  }

  /** An intermediate node at the first bit where two nodes differ. */
  private branch(node: number, added: number, matched: number): number {
    const { nodes } = this;
    const between = nodes.take(matched, INTERMEDIATE);
    nodes.copyData(between, node);
    const side = nodes.bit(added, matched);
    nodes.table[between + NODE.CHILD + side] = added;
    nodes.table[between + NODE.CHILD + 1 - side] = node;
    return between;
  }

  /** trie_delete_elem */
  override delete(key: number): number {
    const length = this.prefixLength(key);
    if (length > this.maxLength) return -ERRNO.EINVAL;
    this.read(key);
    this.descend(length);
    const { table } = this.nodes;
    const { node } = this.at;
    if (!this.exact(length) || table[node + NODE.SLOT] === INTERMEDIATE) return -ERRNO.ENOENT;
    this.count--;
    this.changed = true;
    this.pool.give(table[node + NODE.SLOT]!);
    table[node + NODE.SLOT] = INTERMEDIATE;
    const left = table[node + NODE.CHILD]!;
    const right = table[node + NODE.CHILD + 1]!;
    if (left === 0 || right === 0) this.cut(left | right);
    return 0;
  }

  /** Takes out the node just emptied, which has at most one child, and its parent too if that only branched to it. */
  private cut(child: number): void {
    const { nodes } = this;
    const { table } = nodes;
    const { node, parent, grandparent } = this.at;
    if (parent !== 0 && table[parent + NODE.SLOT] === INTERMEDIATE && child === 0) {
      const side = table[parent + NODE.CHILD] === node ? 1 : 0;
      this.hang(grandparent, table[parent + NODE.CHILD + side]!);
      nodes.give(parent);
    } else {
      this.hang(parent, child);
    }
    nodes.give(node);
  }

  private userKey(key: Uint8Array): number {
    this.mem.u8.set(key, this.scratch);
    return this.scratch;
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const at = key.length === this.def.key_size ? this.lookup(this.userKey(key)) : 0;
    return at === 0 ? null : this.mem.u8.slice(at, at + this.def.value_size);
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size)) return -ERRNO.EINVAL;
    const at = this.scratch + strideOf(this.def.key_size);
    this.mem.u8.set(value, at);
    return this.update(this.userKey(key), at, flags);
  }

  override userDelete(key: Uint8Array): number {
    return key.length === this.def.key_size ? this.delete(this.userKey(key)) : -ERRNO.EINVAL;
  }

  /** Live nodes with longer prefixes before the shorter ones that hold them (trie_get_next_key). */
  private *live(node: number): Iterable<number> {
    if (node === 0) return;
    yield* this.live(this.nodes.table[node + NODE.CHILD]!);
    yield* this.live(this.nodes.table[node + NODE.CHILD + 1]!);
    if (this.nodes.table[node + NODE.SLOT] !== INTERMEDIATE) yield node;
  }

  private keyBytes(node: number): Uint8Array {
    const key = new Uint8Array(this.def.key_size);
    new DataView(key.buffer).setUint32(0, this.nodes.table[node + NODE.LENGTH]!, true);
    for (let i = 0; i < this.dataBytes; i++) {
      key[4 + i] = this.nodes.table[node + NODE.DATA + (i >>> 2)]! >>> (24 - (i & 3) * 8);
    }
    return key;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (const node of this.live(this.nodes.root)) yield this.keyBytes(node);
  }

  override *entries(): Iterable<MapContent> {
    for (const node of this.live(this.nodes.root)) {
      const at = this.area.base + this.nodes.table[node + NODE.SLOT]! * this.stride;
      yield { key: this.keyBytes(node), value: this.mem.u8.slice(at, at + this.def.value_size) };
    }
  }

  override reset(): void {
    this.area.reset();
    if (!this.changed) return;
    this.nodes.restore(this.saved.nodes);
    this.pool.restore(this.saved.pool);
    this.count = this.saved.count;
    this.changed = false;
  }

  override snapshot(): void {
    this.area.snapshot();
    if (!this.changed) return;
    this.saved = { nodes: this.nodes.save(), pool: this.pool.save(), count: this.count };
    this.changed = false;
  }
}
