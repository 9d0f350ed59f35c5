/** The nodes of an LPM trie, side by side in one typed array that grows with use; a node is its offset there, 0 stands for none. */
import { grown } from './hash-index.ts';

/** Fields of a node: bits of its prefix, its value's slot, two children by the next bit, then data as big-endian words. */
export const NODE = { LENGTH: 0, SLOT: 1, CHILD: 2, DATA: 4 } as const;
/** In the SLOT of a node that only branches. */
export const INTERMEDIATE = -1;

export interface SavedNodes {
  readonly table: Int32Array;
  readonly free: readonly number[];
  readonly root: number;
}

export class LpmNodes {
  root = 0;
  table: Int32Array<ArrayBuffer>;
  /** Words of data in a node. */
  readonly words: number;
  private readonly stride: number;
  private free: number[] = [];
  /** Offset of the first node never used. */
  private high: number;

  constructor(words: number) {
    this.words = words;
    this.stride = NODE.DATA + words;
    this.high = this.stride;
    this.table = new Int32Array(this.stride * 16);
  }

  /** A node without children; its data is still to be set. */
  take(length: number, slot: number): number {
    let node = this.free.pop();
    if (node === undefined) {
      node = this.high;
      this.high += this.stride;
      if (this.high > this.table.length) this.table = grown(this.table, this.high);
    }
    this.table[node + NODE.LENGTH] = length;
    this.table[node + NODE.SLOT] = slot;
    this.table[node + NODE.CHILD] = 0;
    this.table[node + NODE.CHILD + 1] = 0;
    return node;
  }

  give(node: number): void {
    this.free.push(node);
  }

  /** Bit `index` of a node's data. */
  bit(node: number, index: number): number {
    return (this.table[node + NODE.DATA + (index >>> 5)]! >>> (31 - (index & 31))) & 1;
  }

  /** Gives a node the data of another. */
  copyData(to: number, from: number): void {
    this.table.copyWithin(to + NODE.DATA, from + NODE.DATA, from + this.stride);
  }

  save(): SavedNodes {
    return { table: this.table.slice(0, this.high), free: [...this.free], root: this.root };
  }

  restore(saved: SavedNodes): void {
    this.table.set(saved.table);
    this.free = [...saved.free];
    this.high = saved.table.length;
    this.root = saved.root;
  }
}
