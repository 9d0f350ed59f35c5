/** Writes the packet and the context after a run to where the user asked for them. */
import { PROG_TYPE } from '../../engine/index.ts';
import { writePcap, writePcapng } from '../packet/pcap-write.ts';
import type { CommandIo } from './command.ts';
import type { RunDone } from './run-done.ts';
import { writeTo } from './write-to.ts';

/** The context after the run: of SYSCALL programs the context itself, as the program left it. */
export function contextAfter(done: RunDone): Uint8Array | null {
  const result = done.reply.result;
  if (result === null) return null;
  return done.type === PROG_TYPE.SYSCALL ? result.ctx_in_after : result.ctx_out;
}

/** The packet as the ending of the file's name asks for it: a capture, or its bytes alone. */
function packetFile(target: string, packet: Uint8Array): Uint8Array {
  if (target.endsWith('.pcap')) return writePcap([packet]);
  return target.endsWith('.pcapng') ? writePcapng([{ bytes: packet }]) : packet;
}

/** Nothing is written of what the run did not give. Throws InputError naming the file. */
export function writeOutputs(done: RunDone, io: CommandIo): void {
  const { data_out, ctx_out } = done.input;
  const packet = done.reply.result?.data_out ?? null;
  if (data_out !== null && packet !== null) {
    writeTo(data_out, packetFile(data_out, packet), io);
  }
  const context = contextAfter(done);
  if (ctx_out !== null && context !== null) writeTo(ctx_out, context, io);
}
