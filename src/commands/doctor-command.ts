/** Looks at both backends by trying them, and prints what came of it; nothing that is missing is an error. */

import { flagArg } from '../args.ts';
import { kernelFeatures } from '../backends/kernel/features.ts';
import { probeKernel } from '../backends/kernel/probe.ts';
import { kernelRelease } from '../backends/kernel/release.ts';
import { lockdown } from '../backends/kernel/rights.ts';
import { jsonText } from '../format/json-text.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import { VERSION } from '../version.ts';
import type { Args, CommandIo } from './command.ts';
import { type Diagnosis, doctorReport, type EngineHealth, type KernelHealth } from './doctor-report.ts';

/** A WebAssembly module of one function that ends in a tail call, which the engine's code needs. */
const TAIL_CALL = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, 6, 1, 4, 0, 0x12, 0, 0x0b],
]);

function engineHealth(): EngineHealth {
  const wasm = WebAssembly.validate(TAIL_CALL);
  return { usable: wasm, bun: Bun.version, platform: `${process.platform} ${process.arch}`, wasm };
}

function kernelHealth(): KernelHealth {
  const place = { release: process.platform === 'linux' ? kernelRelease() : null, lockdown: lockdown() };
  const probed = probeKernel();
  return probed.usable ? { ...place, usable: true, ...kernelFeatures() } : { ...place, ...probed };
}

export async function doctorCommand(args: Args, io: CommandIo): Promise<ExitCode> {
  const found: Diagnosis = { version: VERSION, engine: engineHealth(), kernel: kernelHealth() };
  io.out(flagArg(args, 'json') ? jsonText(found) : doctorReport(found, io.style));
  return EXIT.OK;
}
