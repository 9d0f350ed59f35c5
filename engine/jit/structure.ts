/**
 * Nests a reducible graph into blocks and loops (Ramsey, "Beyond Relooper", 2022): a node is written inside whatever its
 * immediate dominator opened. Nodes that several forward edges reach follow a `block` that those edges leave; a loop's
 * head opens a `loop` that its back edges continue; every other node is written where its only edge comes from.
 *
 * Example, 0 → 1, 0 → 2, 1 → 3, 2 → 3:  block; 0; if; 1; br out; else; 2; end; end; 3
 */
import type { FlowGraph } from './flow-graph.ts';
import type { WasmCode } from './wasm-code.ts';
import { T, W } from './wasm-ops.ts';

/** How a node ends. `choices` may name one node twice. */
export type Ending =
  | { readonly kind: 'none' }
  | { readonly kind: 'goto'; readonly to: number }
  /** The condition, an i32, is on the stack; `to` when it is not 0. */
  | { readonly kind: 'branch'; readonly to: number; readonly otherwise: number }
  /** An index into the choices, an i32, is on the stack. */
  | { readonly kind: 'switch'; readonly choices: readonly number[] };

export interface NodeWriter {
  /** Writes what a node does, up to its ending. */
  node(node: number): Ending;
  /** Writes what a loop does first each time it is entered or continued. */
  loopHead(node: number): void;
  /** Writes what the edge to a node does before it goes there. */
  edge(to: number): void;
  /** Node an edge to `to` goes to: the dispatcher before it, or itself. */
  via(to: number): number;
  /** Whether a node is a dispatcher, which ends in a switch. */
  isDispatcher(node: number): boolean;
}

/** Labels that are open where code is written now. */
export interface Labels {
  depth: number;
}

export function writeStructured(graph: FlowGraph, code: WasmCode, labels: Labels, writer: NodeWriter): void {
  new Structure(graph, code, labels, writer).write();
}

class Structure {
  private readonly graph: FlowGraph;
  private readonly code: WasmCode;
  private readonly writer: NodeWriter;
  private readonly labels: Labels;
  private readonly merges: Uint8Array;
  private readonly children: number[][];
  private readonly blockLabel: Int32Array;
  private readonly loopLabel: Int32Array;
  /** What is still to be done, last first: nesting can be thousands deep, so it is not done by recursion. */
  private readonly todo: (() => void)[] = [];

  constructor(graph: FlowGraph, code: WasmCode, labels: Labels, writer: NodeWriter) {
    this.graph = graph;
    this.code = code;
    this.labels = labels;
    this.writer = writer;
    const size = graph.succs.length;
    this.blockLabel = new Int32Array(size);
    this.loopLabel = new Int32Array(size);
    this.merges = new Uint8Array(size);
    this.children = Array.from({ length: size }, () => []);
    for (const node of graph.order) {
      if (node !== 0 && this.isMerge(node)) {
        this.merges[node] = 1;
        this.children[graph.idom[node]!]!.push(node);
      }
    }
  }

  private isMerge(node: number): boolean {
    const { rank, preds } = this.graph;
    const forward = preds[node]!.filter((pred) => rank[pred]! < rank[node]!);
    // What a switch chooses from needs labels.
    return forward.length > 1 || (forward.length === 1 && this.writer.isDispatcher(forward[0]!));
  }

  write(): void {
    this.todo.push(() => this.tree(0));
    for (let step = this.todo.pop(); step !== undefined; step = this.todo.pop()) step();
  }

  /** Does the steps next, in the order given. */
  private next(...steps: (() => void)[]): void {
    for (let i = steps.length - 1; i >= 0; i--) this.todo.push(steps[i]!);
  }

  private open(op: number): number {
    this.code.open(op, T.VOID);
    return this.labels.depth++;
  }

  private readonly close = (): void => {
    this.code.op(W.end);
    this.labels.depth--;
  };

  private tree(node: number): void {
    const loops = this.graph.loopHead[node] === 1;
    if (loops) {
      this.loopLabel[node] = this.open(W.loop);
      this.writer.loopHead(node);
    }
    const steps: (() => void)[] = [];
    // Children stand in reverse postorder: the last one's block is the outermost.
    const children = this.children[node]!;
    for (let i = children.length - 1; i >= 0; i--) this.blockLabel[children[i]!] = this.open(W.block);
    steps.push(() => this.ending(node, this.writer.node(node)));
    for (const child of children) steps.push(this.close, () => this.tree(child));
    if (loops) steps.push(this.close);
    this.next(...steps);
  }

  private ending(from: number, ending: Ending): void {
    if (ending.kind === 'goto') this.go(from, ending.to);
    else if (ending.kind === 'branch') this.branch(from, ending.to, ending.otherwise);
    else if (ending.kind === 'switch') this.choose(from, ending.choices);
  }

  private go(from: number, to: number): void {
    this.writer.edge(to);
    const node = this.writer.via(to);
    const label = this.labelOf(from, node);
    if (label < 0) this.tree(node);
    else this.code.branch(W.br, this.labels.depth - 1 - label);
  }

  /** Label that an edge jumps to; -1 when its target is to be written in place. */
  private labelOf(from: number, node: number): number {
    if (this.graph.rank[node]! <= this.graph.rank[from]!) return this.loopLabel[node]!;
    return this.merges[node] === 1 ? this.blockLabel[node]! : -1;
  }

  /** A plain jump is a br_if; what needs code of its own goes into the arms of an if. */
  private branch(from: number, to: number, otherwise: number): void {
    const taken = this.plainLabel(from, to);
    if (taken >= 0) {
      this.code.branch(W.br_if, this.labels.depth - 1 - taken);
      this.next(() => this.go(from, otherwise));
      return;
    }
    const other = this.plainLabel(from, otherwise);
    if (other >= 0) {
      this.code.op(W.i32_eqz).branch(W.br_if, this.labels.depth - 1 - other);
      this.next(() => this.go(from, to));
      return;
    }
    this.open(W.if);
    this.next(
      () => this.go(from, to),
      () => this.code.op(W.else),
      () => this.go(from, otherwise),
      this.close,
    );
  }

  private plainLabel(from: number, to: number): number {
    return this.writer.via(to) === to ? this.labelOf(from, to) : -1;
  }

  private choose(from: number, choices: readonly number[]): void {
    this.code.op(W.br_table).u32(choices.length - 1);
    for (const to of choices) this.code.u32(this.labels.depth - 1 - this.labelOf(from, to));
  }
}
