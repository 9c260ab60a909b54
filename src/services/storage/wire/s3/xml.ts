import { storageError } from '../../errors.ts';

/** What an element holds: text, elements by name (several of one name as a list), or nothing. */
export type XmlValue = string | number | boolean | undefined | XmlTree | readonly (string | XmlTree)[];

/** Elements by name, in order. */
export interface XmlTree {
  readonly [name: string]: XmlValue;
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A document of the S3 interface. Errors have no namespace. */
export function renderXml(root: string, tree: XmlTree, withNamespace = true): string {
  const attribute = withNamespace ? ` xmlns="${namespace}"` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${children(tree)}</${root}>`;
}

function children(tree: XmlTree): string {
  let out = '';
  for (const [name, value] of Object.entries(tree)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const item of value as (string | XmlTree)[]) out += element(name, item);
    else out += element(name, value as string | number | boolean | XmlTree);
  }
  return out;
}

const element = (name: string, value: string | number | boolean | XmlTree): string =>
  `<${name}>${typeof value === 'object' ? children(value) : escapeXml(String(value))}</${name}>`;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

// Control characters have no place in XML 1.0; a client that may meet them asks for encoded names.
const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"]/g, (mark) => escapes[mark] as string)
    .replace(/\p{Cc}/gu, (mark) => (mark === '\n' || mark === '\t' ? mark : mark === '\r' ? '&#13;' : '\ufffd'));

/** An element of a document that was read. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const depthLimit = 16;

/**
 * Reads a small document: elements and text. Attributes are passed over; whatever could make a parser do more than reading
 * (document types, entities of its own) is refused.
 *
 * @throws MalformedXML
 */
export function parseXml(source: string): XmlElement {
  const refuse = () => storageError('MalformedXML');
  const token =
    /<\?[^>]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w.:-]+)\s*>|<([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
  interface Open {
    readonly name: string;
    text: string;
    readonly children: XmlElement[];
  }
  const root: Open = { name: '', text: '', children: [] };
  const stack: Open[] = [root];
  while (token.lastIndex < source.length) {
    const match = token.exec(source);
    if (!match) throw refuse();
    const [, cdata, closing, opening, , isEmpty, text] = match;
    const top = stack.at(-1) as Open;
    if (cdata !== undefined) top.text += cdata;
    else if (text !== undefined) top.text += unescapeXml(text);
    else if (opening !== undefined) {
      const made: Open = { name: opening.replace(/^.*:/, ''), text: '', children: [] };
      top.children.push(made);
      if (isEmpty !== '/') stack.push(made);
      if (stack.length > depthLimit) throw refuse();
    } else if (closing !== undefined) {
      if (stack.length === 1 || top.name !== closing.replace(/^.*:/, '')) throw refuse();
      stack.pop();
    }
  }
  const [document, second] = root.children;
  if (stack.length !== 1 || !document || second || root.text.replace('\ufeff', '').trim() !== '') throw refuse();
  return document;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);|&/gi, (_whole, entity: string | undefined) => {
    if (entity === undefined) throw storageError('MalformedXML');
    if (!entity.startsWith('#')) {
      const known = named[entity];
      if (known === undefined) throw storageError('MalformedXML');
      return known;
    }
    const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number.parseInt(entity.slice(1), 10);
    if (!(code > 0 && code <= 0x10ffff)) throw storageError('MalformedXML');
    return String.fromCodePoint(code);
  });
}

/** The text of a child element, where there is one. */
export const childText = (parent: XmlElement, name: string): string | undefined =>
  parent.children.find((child) => child.name === name)?.text;
