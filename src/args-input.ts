/** Where bytes on the command line come from: hex, files, frames of captures, standard input. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseCount } from './args.ts';
import type { CommandIo } from './commands/command.ts';
import { fileError, InputError } from './input-error.ts';
import { parseHex } from './packet/hex.ts';
import { frameOf, isCapture } from './packet/pcap.ts';

type Stdin = Pick<CommandIo, 'cwd' | 'stdin'>;

const FRAMES_MAX = 0xffff_ffff;

/** A file that the user named, from the directory the command runs in. Throws InputError with the name as it was typed. */
export function fileArg(path: string, io: Pick<CommandIo, 'cwd'>): Uint8Array {
  try {
    return new Uint8Array(readFileSync(resolve(io.cwd, path)));
  } catch (error) {
    throw fileError('read', path, error);
  }
}

/** What stands in a file, or on standard input for `-`. */
async function contentOf(path: string, io: Stdin): Promise<Uint8Array> {
  return path === '-' ? io.stdin() : fileArg(path, io);
}

function withName<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${what}: ${error.message}`);
  }
}

/** `FILE#N`: the file and the frame; a file that has such a name itself is meant as a whole. */
function splitFrame(source: string, what: string, cwd: string): { path: string; frame: number | null } {
  const at = source.lastIndexOf('#');
  if (at <= 0 || existsSync(resolve(cwd, source))) return { path: source, frame: null };
  return { path: source.slice(0, at), frame: parseCount(source.slice(at + 1), `${what}: the frame`, 1, FRAMES_MAX) };
}

/** A packet: `hex:…`, a file, a frame of a capture (`x.pcap#2`, from 1; the first without a number), or `-`. */
export async function packetArg(source: string, what: string, io: Stdin): Promise<Uint8Array> {
  if (source.startsWith('hex:')) return withName(what, () => parseHex(source.slice(4)));
  const { path, frame } = splitFrame(source, what, io.cwd);
  const bytes = await contentOf(path, io);
  if (isCapture(bytes)) return withName(what, () => frameOf(bytes, frame ?? 1).bytes.slice());
  if (frame !== null)
    throw new InputError(`${what}: ${path} is not a pcap or pcapng file, so it has no frame ${frame}`);
  return bytes;
}

/** Bytes as they are: `hex:…`, a file, or `-`. */
export async function bytesArg(source: string, what: string, io: Stdin): Promise<Uint8Array> {
  if (source.startsWith('hex:')) return withName(what, () => parseHex(source.slice(4)));
  return contentOf(source, io);
}

/** Text: what follows `json:`, a file's content, or standard input. */
export async function textSource(source: string, io: Stdin): Promise<string> {
  if (source.startsWith('json:')) return source.slice(5);
  return new TextDecoder().decode(await contentOf(source, io));
}
