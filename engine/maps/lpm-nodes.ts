/** The nodes of an LPM trie as columns of typed arrays that grow with use; node 0 stands for none. */
import { grown } from './hash-index.ts';

export interface SavedNodes {
  readonly columns: readonly Int32Array[];
  readonly free: readonly number[];
  readonly high: number;
  readonly root: number;
}

export class LpmNodes {
  root = 0;
  /** Children by the next bit, interleaved: node * 2 + bit. */
  child = new Int32Array(64);
  /** Bits of the prefix. */
  length = new Int32Array(32);
  /** Value slot, or -1 for an intermediate node that only branches. */
  slot = new Int32Array(32);
  /** Prefix data as big-endian words, `words` of them a node. */
  data: Int32Array<ArrayBuffer>;
  readonly words: number;
  private free: number[] = [];
  private high = 1;

  constructor(words: number) {
    this.words = words;
    this.data = new Int32Array(32 * words);
  }

  take(length: number, slot: number): number {
    const node = this.free.pop() ?? this.high++;
    if (node >= this.length.length) {
      this.length = grown(this.length, node + 1);
      this.slot = grown(this.slot, node + 1);
      this.child = grown(this.child, (node + 1) * 2);
      this.data = grown(this.data, (node + 1) * this.words);
    }
    this.length[node] = length;
    this.slot[node] = slot;
    this.child[node * 2] = 0;
    this.child[node * 2 + 1] = 0;
    return node;
  }

  give(node: number): void {
    this.free.push(node);
  }

  /** Bit `index` of a node's data. */
  bit(node: number, index: number): number {
    return (this.data[node * this.words + (index >>> 5)]! >>> (31 - (index & 31))) & 1;
  }

  save(): SavedNodes {
    const { high, words } = this;
    const columns = [
      this.child.slice(0, high * 2),
      this.length.slice(0, high),
      this.slot.slice(0, high),
      this.data.slice(0, high * words),
    ];
    return { columns, free: [...this.free], high, root: this.root };
  }

  restore(saved: SavedNodes): void {
    const [child, length, slot, data] = saved.columns;
    this.child.set(child!);
    this.length.set(length!);
    this.slot.set(slot!);
    this.data.set(data!);
    this.free = [...saved.free];
    this.high = saved.high;
    this.root = saved.root;
  }
}
