/** The graph of a function's blocks: reverse postorder, dominators (Cooper, Harvey, Kennedy 2001), loop heads, merge points. */

export interface FlowGraph {
  /** Successors of each node; node 0 is the entry and every node is reachable. */
  readonly succs: readonly (readonly number[])[];
  readonly preds: readonly (readonly number[])[];
  /** Nodes in reverse postorder. */
  readonly order: Int32Array;
  /** Position of each node in `order`. */
  readonly rank: Int32Array;
  /** Immediate dominator; the entry's is itself. */
  readonly idom: Int32Array;
  /** Has an edge that comes from itself or from later in the order. */
  readonly loopHead: Uint8Array;
  /** Every such edge comes from a node that its target dominates. */
  readonly reducible: boolean;
}

export function flowGraph(succs: readonly (readonly number[])[]): FlowGraph {
  const order = reversePostorder(succs);
  const rank = new Int32Array(succs.length);
  for (let i = 0; i < order.length; i++) rank[order[i]!] = i;
  const preds: number[][] = succs.map(() => []);
  succs.forEach((list, from) => {
    for (const to of list) preds[to]!.push(from);
  });
  const idom = dominators(order, rank, preds);
  const loopHead = new Uint8Array(succs.length);
  let reducible = true;
  const within = domIntervals(idom, order);
  for (const from of order) {
    for (const to of succs[from]!) {
      if (rank[to]! > rank[from]!) continue;
      loopHead[to] = 1;
      reducible &&= within.first[to]! <= within.first[from]! && within.first[from]! <= within.last[to]!;
    }
  }
  return { succs, preds, order, rank, idom, loopHead, reducible };
}

function reversePostorder(succs: readonly (readonly number[])[]): Int32Array {
  const order = new Int32Array(succs.length);
  const seen = new Uint8Array(succs.length);
  const next = new Int32Array(succs.length);
  const stack = [0];
  let place = succs.length;
  seen[0] = 1;
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    const list = succs[node]!;
    // The last successor first: what falls through then comes right after its block.
    const at = list.length - 1 - next[node]!++;
    if (at < 0) {
      order[--place] = node;
      stack.pop();
    } else if (seen[list[at]!] === 0) {
      seen[list[at]!] = 1;
      stack.push(list[at]!);
    }
  }
  return order;
}

function dominators(order: Int32Array, rank: Int32Array, preds: readonly number[][]): Int32Array {
  const idom = new Int32Array(order.length).fill(-1);
  idom[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      const node = order[i]!;
      let best = -1;
      for (const pred of preds[node]!) {
        if (idom[pred] !== -1) best = best === -1 ? pred : meet(idom, rank, pred, best);
      }
      if (best !== idom[node]) {
        idom[node] = best;
        changed = true;
      }
    }
  }
  return idom;
}

/** Nearest node that dominates both. */
function meet(idom: Int32Array, rank: Int32Array, a: number, b: number): number {
  let left = a;
  let right = b;
  while (left !== right) {
    while (rank[left]! > rank[right]!) left = idom[left]!;
    while (rank[right]! > rank[left]!) right = idom[right]!;
  }
  return left;
}

/** Preorder numbers in the dominator tree: a dominates b when first[a] <= first[b] <= last[a]. */
function domIntervals(idom: Int32Array, order: Int32Array): { first: Int32Array; last: Int32Array } {
  const size = new Int32Array(order.length).fill(1);
  for (let i = order.length - 1; i > 0; i--) size[idom[order[i]!]!]! += size[order[i]!]!;
  const first = new Int32Array(order.length);
  const last = new Int32Array(order.length);
  const next = new Int32Array(order.length);
  for (const node of order) {
    const parent = idom[node]!;
    if (node !== parent) {
      first[node] = next[parent]!;
      next[parent]! += size[node]!;
    }
    next[node] = first[node]! + 1;
    last[node] = first[node]! + size[node]! - 1;
  }
  return { first, last };
}
