/** Turns what users write for bytes (hex, lists, files, frames of captures, packets) into bytes. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileError, InputError } from '../input-error.ts';
import { PacketBuilder, packetOf } from '../packet/build.ts';
import type { Frame } from '../packet/frame.ts';
import { parseHex } from '../packet/hex.ts';
import { frameOf, isCapture, readCapture } from '../packet/pcap.ts';

/** Where relative paths are looked for: the project's root first, then beside the case file. */
export interface PathScope {
  readonly root: string;
  readonly file: string;
}

export function readFileBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw fileError('read', path, error);
  }
}

/** Files that cases named (captures, bytes) since the last take, whether or not they were there: what to watch. */
let filesRead: string[] = [];

export function takeFilesRead(): string[] {
  const taken = filesRead;
  filesRead = [];
  return taken;
}

function readRelative(path: string, scope: PathScope): Uint8Array {
  const atRoot = resolve(scope.root, path);
  const beside = resolve(dirname(scope.file), path);
  filesRead.push(atRoot, beside);
  try {
    return readFileBytes(atRoot);
  } catch (error) {
    if (atRoot === beside) throw error;
    try {
      return readFileBytes(beside);
    } catch {
      throw error;
    }
  }
}

function fromList(list: readonly unknown[], field: string): Uint8Array {
  list.forEach((value, i) => {
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255) return;
    throw new InputError(`${field}[${i}] is ${String(value)}: a byte is an integer from 0 to 255`);
  });
  return Uint8Array.from(list as number[]);
}

/** Reads a capture; its mistakes name the field and the file. */
function fromCapture<T>(pcap: string, field: string, scope: PathScope, read: (bytes: Uint8Array) => T): T {
  const bytes = readRelative(pcap, scope);
  if (!isCapture(bytes)) throw new InputError(`${field}: ${pcap} is not a pcap or pcapng file`);
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${field}: ${pcap}: ${error.message}`);
  }
}

/** Every frame of a capture, at least one. Throws InputError naming the field. */
export function captureFrames(pcap: string, field: string, scope: PathScope): Frame[] {
  const frames = fromCapture(pcap, field, scope, readCapture);
  if (frames.length === 0) throw new InputError(`${field}: ${pcap} has no frames`);
  return frames;
}

function fromRecord(source: Record<string, unknown>, field: string, scope: PathScope): Uint8Array | null {
  if (typeof source.pcap === 'string') {
    const frame = source.frame ?? 1;
    if (!Number.isInteger(frame) || (frame as number) < 1) {
      throw new InputError(
        `${field}.frame is ${String(frame)}: frames count from 1 (all of them: frame: 'all', in data_in of a case)`,
      );
    }
    return fromCapture(source.pcap, field, scope, (bytes) => frameOf(bytes, frame as number).bytes.slice());
  }
  if (typeof source.file === 'string') return readRelative(source.file, scope);
  if (Array.isArray(source.packet)) return packetOf(source.packet, `${field}.packet`).bytes();
  return null;
}

/** A packet's mistakes name layer and field; which of the case's fields it stands in, they cannot know. */
function fromPacket(packet: PacketBuilder, field: string): Uint8Array {
  try {
    return packet.bytes();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${field}: ${error.message}`);
  }
}

/** Bytes of a BytesSource, or null when the value is none (fields of a context, for instance). Throws InputError naming `field`. */
export function bytesOf(source: unknown, field: string, scope: PathScope): Uint8Array | null {
  if (source instanceof Uint8Array) return source;
  if (source instanceof PacketBuilder) return fromPacket(source, field);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (Array.isArray(source)) return fromList(source, field);
  if (typeof source === 'string') {
    try {
      return parseHex(source.startsWith('hex:') ? source.slice(4) : source);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${field}: ${error.message.replace(/^hex: /, '')}`);
    }
  }
  if (typeof source === 'object' && source !== null) return fromRecord(source as Record<string, unknown>, field, scope);
  return null;
}
