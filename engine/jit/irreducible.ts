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
  const succs: number[][] = original.map((list) => [...list]);
  const dispatcher = new Int32Array(original.length).fill(-1);
  const choice = new Int32Array(original.length);
  // Sets of nodes whose inner loops are still to be looked at, with edges inside the set only.
  const todo: number[][] = [succs.map((_, node) => node)];
  while (todo.length > 0) {
    const nodes = todo.pop()!;
    const inside = new Set(nodes);
    for (const loop of loopsOf(nodes, inside, succs)) {
      const heads = headsOf(loop, succs);
      if (heads.length === 1) {
        todo.push(loop.filter((node) => node !== heads[0]));
        continue;
      }
      const node = succs.push([...heads]) - 1;
      heads.forEach((head, i) => {
        dispatcher[head] = node;
        choice[head] = i;
      });
      const set = new Set(heads);
      for (let from = 0; from < node; from++) succs[from] = succs[from]!.map((to) => (set.has(to) ? node : to));
      todo.push(loop);
    }
  }
  return { succs, dispatcher, choice };
}

/** Nodes of a loop that are entered from outside of it; the function's entry counts as entered. */
function headsOf(loop: readonly number[], succs: readonly (readonly number[])[]): number[] {
  const members = new Set(loop);
  const heads = new Set<number>();
  if (members.has(0)) heads.add(0);
  succs.forEach((list, from) => {
    if (!members.has(from)) for (const to of list) if (members.has(to)) heads.add(to);
  });
  return [...heads].sort((a, b) => a - b);
}

/** Strongly connected components with at least one edge inside (Tarjan 1972, with its own stack). */
function loopsOf(
  nodes: readonly number[],
  inside: ReadonlySet<number>,
  succs: readonly (readonly number[])[],
): number[][] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const onStack = new Set<number>();
  const loops: number[][] = [];
  const enter = (node: number) => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    open.push(node);
    onStack.add(node);
  };
  const lower = (node: number, to: number) => low.set(node, Math.min(low.get(node)!, to));
  for (const root of nodes) {
    if (index.has(root)) continue;
    enter(root);
    const path: { node: number; next: number }[] = [{ node: root, next: 0 }];
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const to = succs[top.node]![top.next++];
      if (to !== undefined) {
        if (!inside.has(to)) continue;
        if (!index.has(to)) {
          enter(to);
          path.push({ node: to, next: 0 });
        } else if (onStack.has(to)) lower(top.node, index.get(to)!);
        continue;
      }
      path.pop();
      if (path.length > 0) lower(path[path.length - 1]!.node, low.get(top.node)!);
      if (low.get(top.node) === index.get(top.node)) {
        const part = open.splice(open.indexOf(top.node));
        for (const node of part) onStack.delete(node);
        if (part.length > 1 || succs[top.node]!.includes(top.node)) loops.push(part);
      }
    }
  }
  return loops;
}
