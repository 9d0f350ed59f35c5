/** Where a text stops to be JSON: the engine's own parser says what is wrong, and not where. */

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const BLANKS = /[ \t\r\n]*/y;

class Scanner {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return false;
    this.at += found.length;
    return true;
  }

  /** A character, behind blanks. */
  private next(wanted: string): boolean {
    this.take(BLANKS);
    if (this.text[this.at] !== wanted) return false;
    this.at++;
    return true;
  }

  value(): boolean {
    this.take(BLANKS);
    if (this.next('{')) return this.items('}', () => this.key() && this.next(':') && this.value());
    if (this.next('[')) return this.items(']', () => this.value());
    return this.take(STRING) || this.take(SCALAR);
  }

  private key(): boolean {
    this.take(BLANKS);
    return this.take(STRING);
  }

  private items(end: string, item: () => boolean): boolean {
    if (this.next(end)) return true;
    do {
      if (!item()) return false;
    } while (this.next(','));
    return this.next(end);
  }

  /** Nothing but blanks is left. */
  ended(): boolean {
    this.take(BLANKS);
    return this.at === this.text.length;
  }
}

/** Offset of the first character that has no place there; null where all is well. */
export function jsonErrorAt(text: string): number | null {
  const scanner = new Scanner(text);
  try {
    return scanner.value() && scanner.ended() ? null : scanner.at;
  } catch {
    // Nested too deeply for the stack.
    return scanner.at;
  }
}
