/** A process that runs a program in the kernel without end, to be killed in the middle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelBackend } from '../../src/backends/kernel.ts';

const path = join(import.meta.dir, '../../fixtures/objects/xdp-verdicts/xdp-verdicts.bpf.o');
const kernel = new KernelBackend();
await kernel.open(path, new Uint8Array(readFileSync(path)));
const opts = { data_in: new Uint8Array(64), repeat: 0xffff_ffff };
await kernel.run({ object: path, program: 'verdict_unknown', presets: [], opts });
