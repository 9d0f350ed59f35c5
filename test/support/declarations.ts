/** Bundles what `import 'bpfdeck'` gives into one ambient declaration file: the compiler's declarations, of these only what is reached. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { ROOT } from './cli.ts';

const ENTRY = 'src/define.d.ts';
const HEAD =
  '/** What config and case files import from bpfdeck. Written by `bpfdeck init`; a newer version writes a newer one. */';

interface Statement {
  readonly file: string;
  readonly text: string;
}

interface Module {
  /** Top-level declarations by name. */
  readonly own: ReadonlyMap<string, string>;
  /** Names from elsewhere: where, and as what. */
  readonly imports: ReadonlyMap<string, readonly [file: string, name: string]>;
  /** Names that the module passes on, as written in its export statements. */
  readonly exported: readonly string[];
}

const START = /^(?:\/\*\*|import |export |declare |interface |type |const |abstract )/;

/** Top-level statements, each with the comment in front of it. */
function statements(source: string): string[] {
  const out: string[] = [];
  let comment = '';
  let current = '';
  let inComment = false;
  for (const line of source.split('\n')) {
    if (!inComment && START.test(line)) {
      if (current !== '') out.push(current);
      current = '';
    }
    if (!inComment && line.startsWith('/**')) comment = '';
    const commented: boolean = inComment || line.startsWith('/**');
    inComment = commented && !line.includes('*/');
    if (commented && current === '') comment += `${line}\n`;
    else if (line !== '') {
      current += `${current === '' ? comment : ''}${line}\n`;
      comment = '';
    }
  }
  return current === '' ? out : [...out, current];
}

function nameOf(statement: string): string | null {
  const code = statement.replace(/^\/\*\*[\s\S]*?\*\/\n/, '');
  return (
    /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|function|let|enum) (\w+)/.exec(code)?.[1] ??
    null
  );
}

function readModule(root: string, file: string): Module {
  const own = new Map<string, string>();
  const imports = new Map<string, readonly [string, string]>();
  const exported: string[] = [];
  for (const text of statements(readFileSync(join(root, file), 'utf8'))) {
    const from = /^(import|export) (?:type )?\{([^}]*)\} from '([^']+)';/m.exec(text);
    const name = nameOf(text);
    if (name !== null) {
      // Overloads are several statements of one name.
      own.set(name, (own.get(name) ?? '') + text);
      if (/^export /m.test(text)) exported.push(name);
    } else if (from) {
      const target = normalize(join(dirname(file), from[3]!)).replace(/\.ts$/, '.d.ts');
      for (const item of from[2]!.split(',')) {
        const [is = '', as = is] = item
          .trim()
          .replace(/^type /, '')
          .split(' as ');
        if (is === '') continue;
        imports.set(as, [target, is]);
        if (from[1] === 'export') exported.push(as);
      }
    }
  }
  return { own, imports, exported };
}

class Bundler {
  private readonly root: string;
  private readonly modules = new Map<string, Module>();
  private readonly taken = new Map<string, Statement>();

  constructor(root: string) {
    this.root = root;
  }

  private module(file: string): Module {
    const known = this.modules.get(file) ?? readModule(this.root, file);
    this.modules.set(file, known);
    return known;
  }

  /** Takes the declaration of a name as a file sees it, and of all that it mentions. */
  take(file: string, name: string): void {
    const { own, imports } = this.module(file);
    const text = own.get(name);
    const elsewhere = imports.get(name);
    if (text === undefined) {
      if (elsewhere) this.take(...elsewhere);
      return;
    }
    const known = this.taken.get(name);
    if (known?.file === file) return;
    if (known) throw new Error(`${name} is declared in ${known.file} and in ${file}: give one another name`);
    this.taken.set(name, { file, text });
    const code = text.replace(/\/\*\*[\s\S]*?\*\//g, '').replace(/'[^']*'/g, '');
    for (const [word] of code.matchAll(/\b[A-Za-z_]\w*\b/g)) this.take(file, word);
  }

  bundle(): string {
    const { exported } = this.module(ENTRY);
    for (const name of exported) this.take(ENTRY, name);
    const parts = [...this.taken].map(([name, { text }]) => {
      const code = text
        .replace(/^export /gm, '')
        .replace(/^declare /gm, '')
        .replace(
          /^(interface|type|const|function|class|abstract class) /gm,
          exported.includes(name) ? 'export $1 ' : '$1 ',
        );
      // The compiler indents by four.
      const half = code.replace(/^ +/gm, (blanks) => ' '.repeat((blanks.length >> 2) * 2 + (blanks.length & 3)));
      return half.replace(/^(?=.)/gm, '  ');
    });
    return `${HEAD}\ndeclare module 'bpfdeck' {\n${parts.join('\n')}\n  export {};\n}\n`;
  }
}

/** The text of bpfdeck.d.ts, made anew from the sources. */
export async function declarations(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'declarations-'));
  const args = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', '.', '--outDir', root];
  const tsc = Bun.spawn([join(ROOT, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json', ...args], {
    cwd: ROOT,
    stdout: 'ignore',
  });
  await tsc.exited;
  try {
    return new Bundler(root).bundle();
  } finally {
    rmSync(root, { recursive: true });
  }
}
