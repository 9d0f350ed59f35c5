/** BPF_MAP_TYPE_LPM_TRIE (kernel/bpf/lpm_trie.c): longest prefix match by a binary trie that skips bits without a branch. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import { LpmNodes, type SavedNodes } from './lpm-nodes.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { MapBase, strideOf } from './map-base.ts';
import { type SavedPool, SlotPool } from './slot-pool.ts';
import { UndoArea } from './undo-area.ts';

const INTERMEDIATE = -1;

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

  /** Big-endian word `i` of a key's data, zeros behind its end. */
  private word(key: number, i: number): number {
    const at = key + 4 + i * 4;
    const left = this.dataBytes - i * 4;
    if (left >= 4) return this.mem.dv.getInt32(at, false);
    let word = 0;
    for (let b = 0; b < left; b++) word |= this.mem.u8[at + b]! << (24 - b * 8);
    return word;
  }

  private bit(key: number, index: number): number {
    return (this.mem.u8[key + 4 + (index >>> 3)]! >>> (7 - (index & 7))) & 1;
  }

  /** Bits that a node and a key have in common, at most the shorter prefix (longest_prefix_match). */
  private match(node: number, key: number, length: number): number {
    const { words, data } = this.nodes;
    const nodeLength = this.nodes.length[node]!;
    const limit = Math.min(nodeLength, length);
    let bits = 0;
    for (let i = 0; i < words; i++) {
      const diff = data[node * words + i]! ^ this.word(key, i);
      bits += Math.clz32(diff);
      if (bits >= limit) return limit;
      if (diff !== 0) return bits;
    }
    return bits;
  }

  /** trie_lookup_elem */
  override lookup(key: number): number {
    const length = this.prefixLength(key);
    if (length > this.maxLength) return 0;
    const { nodes } = this;
    let found = INTERMEDIATE;
    let node = nodes.root;
    while (node !== 0) {
      const nodeLength = nodes.length[node]!;
      const matched = this.match(node, key, length);
      if (matched < nodeLength) break;
      const slot = nodes.slot[node]!;
      if (slot !== INTERMEDIATE) found = slot;
      if (matched === this.maxLength) break;
      node = nodes.child[node * 2 + this.bit(key, nodeLength)]!;
    }
    return found === INTERMEDIATE ? 0 : this.valueAt(found);
  }

  private valueAt(slot: number): number {
    const at = this.area.base + slot * this.stride;
    this.area.mark(at);
    return at;
  }

  private descend(key: number, length: number): void {
    const { nodes, at } = this;
    at.grandparent = 0;
    at.parent = 0;
    at.matched = 0;
    at.node = nodes.root;
    while (at.node !== 0) {
      const nodeLength = nodes.length[at.node]!;
      at.matched = this.match(at.node, key, length);
      if (nodeLength !== at.matched || nodeLength === length) return;
      at.grandparent = at.parent;
      at.parent = at.node;
      at.node = nodes.child[at.node * 2 + this.bit(key, nodeLength)]!;
    }
  }

  /** Puts `by` where `node` hangs below `parent` (0: the root); `key` tells the side of a free place. */
  private hang(parent: number, side: number, by: number): void {
    if (parent === 0) this.nodes.root = by;
    else this.nodes.child[parent * 2 + side] = by;
  }

  /** trie_update_elem */
  override update(key: number, value: number, flags: number): number {
    const length = this.prefixLength(key);
    if (flags > UPDATE.EXIST || length > this.maxLength) return -ERRNO.EINVAL;
    this.descend(key, length);
    const { node, matched } = this.at;
    const exact = node !== 0 && this.nodes.length[node] === matched && matched === length;
    const live = exact && this.nodes.slot[node] !== INTERMEDIATE;
    if (live && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (!live) {
      if (flags === UPDATE.EXIST) return -ERRNO.ENOENT;
      if (this.count === this.def.max_entries) return -ERRNO.ENOSPC;
      this.count++;
    }
    this.changed = true;
    const slot = this.pool.take();
    this.mem.copy(this.valueAt(slot), value, this.def.value_size);
    if (live) this.pool.give(this.nodes.slot[node]!);
    if (exact) this.setData(node, key, slot);
    else this.insert(key, length, slot);
    return 0;
  }

  /** Gives an existing node the key's own bits (those behind the prefix may differ) and a value. */
  private setData(node: number, key: number, slot: number): void {
    const { nodes } = this;
    for (let i = 0; i < nodes.words; i++) nodes.data[node * nodes.words + i] = this.word(key, i);
    nodes.slot[node] = slot;
  }

  private insert(key: number, length: number, slot: number): void {
    const { nodes } = this;
    const { node, parent, matched } = this.at;
    const side = parent === 0 ? 0 : this.bit(key, nodes.length[parent]!);
    const added = nodes.take(length, slot);
    this.setData(added, key, slot);
    if (node === 0) {
      this.hang(parent, side, added);
    } else if (matched === length) {
      nodes.child[added * 2 + nodes.bit(node, matched)] = node;
      this.hang(parent, side, added);
    } else {
      this.hang(parent, side, this.branch(node, added, matched));
    }
  }

  /** An intermediate node at the first bit where two nodes differ. */
  private branch(node: number, added: number, matched: number): number {
    const { nodes } = this;
    const between = nodes.take(matched, INTERMEDIATE);
    nodes.data.copyWithin(between * nodes.words, node * nodes.words, (node + 1) * nodes.words);
    const side = nodes.bit(added, matched);
    nodes.child[between * 2 + side] = added;
    nodes.child[between * 2 + 1 - side] = node;
    return between;
  }

  /** trie_delete_elem */
  override delete(key: number): number {
    const length = this.prefixLength(key);
    if (length > this.maxLength) return -ERRNO.EINVAL;
    this.descend(key, length);
    const { nodes } = this;
    const { node, matched } = this.at;
    const exact = node !== 0 && nodes.length[node] === matched && matched === length;
    if (!exact || nodes.slot[node] === INTERMEDIATE) return -ERRNO.ENOENT;
    this.count--;
    this.changed = true;
    this.pool.give(nodes.slot[node]!);
    nodes.slot[node] = INTERMEDIATE;
    const left = nodes.child[node * 2]!;
    const right = nodes.child[node * 2 + 1]!;
    if (left === 0 || right === 0) this.cut(key, left | right);
    return 0;
  }

  /** Takes out the node just emptied, which has at most one child, and its parent too if that only branched to it. */
  private cut(key: number, child: number): void {
    const { nodes } = this;
    const { node, parent, grandparent } = this.at;
    if (parent !== 0 && nodes.slot[parent] === INTERMEDIATE && child === 0) {
      const side = nodes.child[parent * 2] === node ? 1 : 0;
      const above = grandparent === 0 ? 0 : this.bit(key, nodes.length[grandparent]!);
      this.hang(grandparent, above, nodes.child[parent * 2 + side]!);
      nodes.give(parent);
    } else {
      this.hang(parent, parent === 0 ? 0 : this.bit(key, nodes.length[parent]!), child);
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
    yield* this.live(this.nodes.child[node * 2]!);
    yield* this.live(this.nodes.child[node * 2 + 1]!);
    if (this.nodes.slot[node] !== INTERMEDIATE) yield node;
  }

  private keyBytes(node: number): Uint8Array {
    const key = new Uint8Array(this.def.key_size);
    new DataView(key.buffer).setUint32(0, this.nodes.length[node]!, true);
    for (let i = 0; i < this.dataBytes; i++) {
      key[4 + i] = this.nodes.data[node * this.nodes.words + (i >>> 2)]! >>> (24 - (i & 3) * 8);
    }
    return key;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (const node of this.live(this.nodes.root)) yield this.keyBytes(node);
  }

  override *entries(): Iterable<MapContent> {
    for (const node of this.live(this.nodes.root)) {
      const at = this.area.base + this.nodes.slot[node]! * this.stride;
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
