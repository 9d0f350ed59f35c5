/** A process that has the kernel run a program without end, and throws in the middle of it: kernel-crash-child.ts OBJECT PROGRAM. */
import { readFileSync } from 'node:fs';
import { KernelBackend } from '../../src/backends/kernel.ts';

const [path = '', program = ''] = process.argv.slice(2);
const kernel = new KernelBackend();
await kernel.open(path, new Uint8Array(readFileSync(path)));
const opts = { data_in: new Uint8Array(64), repeat: 0xffff_ffff };
kernel.run({ object: path, program, presets: [], opts }).catch(() => undefined);
// Whoever started this says when.
for await (const line of console) throw new Error(line);
