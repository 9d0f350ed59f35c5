/** What a case says about the machine around its run: the network namespace, and memory that contexts point to. */
import { type NetnsSpec, netnsProblem, type UserMemory } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import { bytesOf, type PathScope } from './bytes.ts';
import { record } from './fields.ts';

/** Throws InputError that names the field of the namespace that is wrong. */
export function settleNetns(given: unknown): { netns?: NetnsSpec } {
  if (given === undefined) return {};
  const problem = netnsProblem(given as NetnsSpec);
  if (problem !== null) throw new InputError(problem);
  return { netns: given as NetnsSpec };
}

const ADDRESS = /^(0x[\da-f]+|\d+)$/i;

/** Address to bytes: `{"0x1000": "34 12 00 00"}`. */
export function settleMemory(given: unknown, scope: PathScope): { memory?: readonly UserMemory[] } {
  if (given === undefined) return {};
  const memory = Object.entries(record(given, 'memory')).map(([address, content]) => {
    if (!ADDRESS.test(address)) throw new InputError(`\`memory\`: ${address} is no address, such as 0x1000`);
    const bytes = bytesOf(content, `memory.${address}`, scope);
    if (!bytes) throw new InputError(`\`memory.${address}\` is no bytes`);
    return { address: BigInt(address), bytes };
  });
  return { memory };
}
