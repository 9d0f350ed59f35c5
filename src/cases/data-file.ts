/** Case files of data: YAML and JSON, read so that a mistake in them is told with its line. */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { plain } from '../format/sanitize.ts';
import { fileError, type InputError } from '../input-error.ts';
import { jsonErrorAt } from '../json-error.ts';
import type { FileError } from '../outcome.ts';
import { nodeNamed } from '../update/source-tree.ts';
import { readData } from '../update/yaml-source.ts';
import { codeFrame } from './modules.ts';

export type ReadDataFile =
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | { readonly ok: false; readonly error: FileError };

function failure(file: string, text: string, at: { readonly line: number; readonly col: number }, message: string) {
  const frame = codeFrame(text, at.line, at.col);
  return { ok: false, error: { file, line: at.line, message: plain(message), frame } } as const;
}

function readYaml(file: string, text: string): ReadDataFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'silent' });
  const [error] = document.errors;
  if (error) {
    const at = lines.linePos(error.pos[0]);
    const tab = /^ *\t/.test(text.split('\n')[at.line - 1] ?? '');
    return failure(file, text, at, tab ? 'a tab indents the line, where YAML takes blanks' : error.message);
  }
  try {
    return { ok: true, value: document.toJS(), text };
  } catch (thrown) {
    return failure(file, text, { line: 1, col: 0 }, (thrown as Error).message);
  }
}

function readJson(file: string, text: string): ReadDataFile {
  try {
    return { ok: true, value: JSON.parse(text), text };
  } catch (thrown) {
    const before = text.slice(0, jsonErrorAt(text) ?? 0);
    const at = { line: before.split('\n').length, col: before.length - before.lastIndexOf('\n') };
    return failure(file, text, at, (thrown as Error).message.replace(/^JSON Parse error: /, ''));
  }
}

export function readDataFile(file: string): ReadDataFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    return { ok: false, error: { file, line: 1, message: fileError('read', file, thrown).message } };
  }
  return /\.json$/i.test(file) ? readJson(file, text) : readYaml(file, text);
}

/** The error of a mistake whose sentence begins with its place, `[0].expect.retval: …`. */
export function placedError(file: string, text: string, mistake: InputError): FileError {
  const source = readData(text);
  const node = source === null ? null : nodeNamed(source.root, mistake.message);
  if (source === null || node === null) return { file, line: 1, message: mistake.message };
  const line = source.lineOf(node.start);
  return { file, line, message: mistake.message, frame: codeFrame(text, line) };
}
