/** Every name that the engine exports has a docstring where it is declared. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INDEX = join(import.meta.dir, '..', '..', 'engine', 'index.ts');
const LISTS = /^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm;
const IMPORTS = /^import (?:type )?\{([^}]*)\} from '([^']+)';/gm;

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '');
}

/** The text of the file that declares a name, through any number of files that hand it on; null when none does. */
function declaring(file: string, name: string): string | null {
  const text = readFileSync(file, 'utf8');
  if (declaration(name).test(text)) return text;
  for (const [, list = '', from] of [...text.matchAll(LISTS), ...text.matchAll(IMPORTS)]) {
    if (from !== undefined && namesIn(list).includes(name)) return declaring(join(dirname(file), from), name);
  }
  return null;
}

function declaration(name: string): RegExp {
  return new RegExp(`^export (?:async )?(?:function|class|interface|type|const) ${name}\\b`, 'm');
}

/** Whether a comment ends on the line before the declaration; the one that opens the file speaks of the file. */
function isDocumented(text: string, name: string): boolean {
  const before = text.slice(0, declaration(name).exec(text)!.index);
  return /\*\/\n$/.test(before);
}

const NAMES = [...readFileSync(INDEX, 'utf8').matchAll(LISTS)].flatMap(([, list = '']) => namesIn(list));

test('every export is found', () => {
  expect(NAMES.length).toBeGreaterThan(60);
  expect(NAMES.filter((name) => declaring(INDEX, name) === null)).toEqual([]);
});

test('every export has a docstring', () => {
  expect(NAMES.filter((name) => !isDocumented(declaring(INDEX, name)!, name))).toEqual([]);
});

test('a name without one is seen, and a comment further up is none', () => {
  expect(isDocumented('/** Says it. */\nexport const A = 1;\n', 'A')).toBe(true);
  expect(isDocumented('/** Of the file. */\n\nexport const A = 1;\n', 'A')).toBe(false);
  expect(isDocumented('export const A = 1;\n', 'A')).toBe(false);
});
