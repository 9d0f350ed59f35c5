/** Reads XML strictly: throws for anything that is not well formed, gives elements with attributes and text. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const TOKEN = /<\?xml [^?]*\?>|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) throw new Error('a character XML has not');
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(text)) throw new Error(`a bare & in ${text}`);
  return text.replace(/&(#?)(\w+);/g, (_, sharp: string, name: string) =>
    sharp === '' ? (NAMED[name] ?? '') : String.fromCodePoint(Number(name.replace(/^x/i, '0x'))),
  );
}

interface Open extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

function open(name: string, written: string): Open {
  const attributes: Record<string, string> = {};
  for (const [, key = '', value = ''] of written.matchAll(/([\w.-]+)="([^"]*)"/g)) {
    if (key in attributes) throw new Error(`${key} twice in ${name}`);
    attributes[key] = decoded(value);
  }
  return { name, attributes, children: [], text: '' };
}

/** The root element. */
export function readXml(xml: string): XmlElement {
  const top = open('', '');
  const stack = [top];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < xml.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(xml);
    if (!token) throw new Error(`not well formed at ${JSON.stringify(xml.slice(at, at + 40))}`);
    const [whole, closing, name, attributes = '', empty, text] = token;
    const current = stack.at(-1)!;
    if (text !== undefined) current.text += decoded(text);
    else if (name !== undefined && closing === '/') {
      if (current.name !== name || stack.length < 2) throw new Error(`</${name}> closes ${current.name}`);
      stack.pop();
    } else if (name !== undefined) {
      const one = open(name, attributes);
      current.children.push(one);
      if (empty !== '/') stack.push(one);
    } else if (at !== 0) throw new Error(`${whole} inside the document`);
  }
  if (stack.length !== 1 || top.children.length !== 1) throw new Error('the document is not closed');
  return top.children[0]!;
}
