/** Makes a program that shows a mismatch smaller, by leaving out nodes for as long as it still shows one. */
import { judge } from './judge.ts';
import type { RandomProgram } from './program.ts';
import { nodeCount, type Tree, without } from './tree.ts';

const TRIES_MAX = 2000;

function shows(program: RandomProgram, tree: Tree): boolean {
  const verdict = judge(program, tree);
  return verdict.kind === 'ran' && verdict.mismatches.length > 0;
}

/** The smallest tree found: first halves go, then quarters, down to single nodes, until none can. */
export function reduce(program: RandomProgram): Tree {
  let { tree } = program;
  let tries = 0;
  for (let size = Math.max(1, nodeCount(tree) >> 1); size >= 1; ) {
    let smaller = false;
    for (let at = 0; at < nodeCount(tree) && tries < TRIES_MAX; ) {
      const candidate = without(tree, at, at + size);
      tries++;
      if (shows(program, candidate)) {
        tree = candidate;
        smaller = true;
      } else at += size;
    }
    if (size > 1) size >>= 1;
    else if (!smaller || tries >= TRIES_MAX) break;
  }
  return tree;
}
