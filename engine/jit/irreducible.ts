/**
 * Makes a graph reducible: every loop that is entered at several places gets one dispatcher in front of them.
 *
 * Example: 0 → 1, 0 → 2, 1 → 2, 2 → 1. The loop {1, 2} has the heads 1 and 2. A new node 3 takes their place: 0 → 3 (for 1),
 * 0 → 3 (for 2), 1 → 3 (for 2), 2 → 3 (for 1), 3 → 1, 3 → 2. Whoever jumps to 3 says in a local which of its successors is meant.
 */

export interface Dispatched {
  /** Successors, dispatchers after the given nodes. */
  readonly succs: readonly (readonly number[])[];
  /** Dispatcher that stands before a node, -1 for none: edges of other nodes to it go there. */
  readonly dispatcher: Int32Array;
  /** Number of the node among its dispatcher's successors. */
  readonly choice: Int32Array;
}

export function withDispatchers(original: readonly (readonly number[])[]): Dispatched {
  const graph = new Graph(original);
  const dispatcher = new Int32Array(original.length).fill(-1);
  const choice = new Int32Array(original.length);
  // Sets of nodes whose inner loops are still to be looked at, with edges inside the set only.
  const todo: number[][] = [original.map((_, node) => node)];
  for (let nodes = todo.pop(); nodes !== undefined; nodes = todo.pop()) {
    for (const loop of new LoopFinder(graph, nodes).loops) {
      const heads = graph.headsOf(loop);
      if (heads.length === 1) {
        todo.push(loop.filter((node) => node !== heads[0]));
        continue;
      }
      const node = graph.addBefore(heads);
      heads.forEach((head, i) => {
        dispatcher[head] = node;
        choice[head] = i;
      });
      todo.push(loop);
    }
  }
  return { succs: graph.succs, dispatcher, choice };
}

class Graph {
  readonly succs: number[][];
  private readonly preds: number[][];

  constructor(succs: readonly (readonly number[])[]) {
    this.succs = succs.map((list) => [...list]);
    this.preds = succs.map(() => []);
    succs.forEach((list, from) => {
      for (const to of list) this.preds[to]!.push(from);
    });
  }

  /** Nodes of a loop that are entered from outside of it; the function's entry counts as entered. */
  headsOf(loop: readonly number[]): number[] {
    const members = new Set(loop);
    const heads = loop.filter((node) => node === 0 || this.preds[node]!.some((pred) => !members.has(pred)));
    return heads.sort((a, b) => a - b);
  }

  /** A new node that all edges to `heads` go to, and that leads to them. */
  addBefore(heads: readonly number[]): number {
    const node = this.succs.push([...heads]) - 1;
    const preds: number[] = [];
    for (const head of heads) {
      for (const pred of this.preds[head]!) {
        const list = this.succs[pred]!;
        list[list.indexOf(head)] = node;
        preds.push(pred);
      }
      this.preds[head] = [node];
    }
    this.preds.push(preds);
    return node;
  }
}

/** Strongly connected components with at least one edge inside, among some nodes of a graph (Tarjan 1972, with its own stack). */
class LoopFinder {
  readonly loops: number[][] = [];
  private readonly graph: Graph;
  private readonly inside: ReadonlySet<number>;
  private readonly index = new Map<number, number>();
  private readonly low = new Map<number, number>();
  private readonly open: number[] = [];
  private readonly isOpen = new Set<number>();
  private readonly path: { readonly node: number; next: number }[] = [];

  constructor(graph: Graph, nodes: readonly number[]) {
    this.graph = graph;
    this.inside = new Set(nodes);
    for (const root of nodes) {
      if (this.index.has(root)) continue;
      this.enter(root);
      while (this.path.length > 0) this.advance();
    }
  }

  private enter(node: number): void {
    this.low.set(node, this.index.size);
    this.index.set(node, this.index.size);
    this.open.push(node);
    this.isOpen.add(node);
    this.path.push({ node, next: 0 });
  }

  /** Follows the next edge of the node in hand, or leaves it. */
  private advance(): void {
    const top = this.path[this.path.length - 1]!;
    const to = this.graph.succs[top.node]![top.next++];
    if (to === undefined) {
      this.path.pop();
      this.leave(top.node);
    } else if (this.inside.has(to)) {
      if (!this.index.has(to)) this.enter(to);
      else if (this.isOpen.has(to)) this.lower(top.node, this.index.get(to)!);
    }
  }

  private lower(node: number, to: number): void {
    if (to < this.low.get(node)!) this.low.set(node, to);
  }

  private leave(node: number): void {
    const parent = this.path[this.path.length - 1];
    if (parent !== undefined) this.lower(parent.node, this.low.get(node)!);
    if (this.low.get(node) !== this.index.get(node)) return;
    const part: number[] = [];
    do {
      part.push(this.open.pop()!);
      this.isOpen.delete(part[part.length - 1]!);
    } while (part[part.length - 1] !== node);
    if (part.length > 1 || this.graph.succs[node]!.includes(node)) this.loops.push(part);
  }
}
