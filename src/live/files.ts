/** Where keys of the live screen write captures: a new file in the current directory each time. */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CapturedFrame } from '../../engine/index.ts';
import { fileError } from '../input-error.ts';
import { captureFile } from './capture.ts';
import { whole } from './format.ts';
import type { LiveDeviceInfo } from './types.ts';

function freeName(cwd: string): string {
  for (let n = 1; ; n++) {
    const name = `live-${n}.pcapng`;
    if (!existsSync(resolve(cwd, name))) return name;
  }
}

function counted(n: number, word: string): string {
  return `${whole(n)} ${word}${n === 1 ? '' : 's'}`;
}

/** Writes the frames, and says so in a sentence. Throws InputError when the file cannot be written. */
export function writeFrames(frames: readonly CapturedFrame[], devices: readonly LiveDeviceInfo[], cwd: string): string {
  const name = freeName(cwd);
  const { bytes, links } = captureFile(frames, devices);
  try {
    writeFileSync(resolve(cwd, name), bytes, { flag: 'wx' });
  } catch (error) {
    throw fileError('write', name, error);
  }
  return `wrote ${counted(frames.length, 'frame')} of ${counted(links, 'link')} to ${name}`;
}
