import { type Entities, readEntities } from './entities.ts';
import { readAttributes, readMarkup } from './scan.ts';

/**
 * Takes out of an SVG what could run or reach out when a browser opens it by itself: `script` elements, event handlers,
 * `javascript:` links, `use` of other files, and the document type with its entities (simple ones are put in place).
 * Everything else stays as it is.
 */
export function sanitizeSvg(bytes: Buffer): Buffer {
  const text = decode(bytes);
  const out: string[] = [];
  let entities: Entities = { resolve: (part) => part };
  let scripts = 0;
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('<', at);
    if (scripts === 0) out.push(entities.resolve(text.slice(at, start < 0 ? text.length : start)));
    if (start < 0) break;
    const markup = readMarkup(text, start);
    at = markup.end;
    if (markup.kind === 'doctype') entities = readEntities(markup.subset);
    else if (markup.kind === 'tag' && localName(markup.name) === 'script') {
      if (markup.closing) scripts = Math.max(0, scripts - 1);
      else if (!markup.empty) scripts++;
    } else if (scripts === 0) {
      const whole = text.slice(start, at);
      if (markup.kind === 'kept') out.push(whole);
      // What other programs are to do with it is none of a browser's business.
      else if (markup.kind === 'instruction' && /^<\?xml\s/.test(whole)) out.push(whole);
      else if (markup.kind === 'tag') {
        const { name, closing, empty, attributes } = markup;
        const kept = closing ? '' : harmless(name, entities.resolve(attributes));
        out.push(`<${closing ? '/' : ''}${name}${kept}${empty ? '/' : ''}>`);
      }
    }
  }
  return Buffer.from(out.join(''), 'utf8');
}

function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  const text = bytes.toString('utf8');
  // The result is UTF-8, whatever the declaration said.
  const head = text
    .slice(0, declarationLength)
    .replace(/^(\uFEFF?\s*<\?xml[^>]*?) encoding\s*=\s*(["'])[^"']*\2/, '$1');
  return head + text.slice(declarationLength);
}

const declarationLength = 200;

const localName = (name: string): string => name.slice(name.indexOf(':') + 1).toLowerCase();

const harmless = (element: string, attributes: string): string =>
  readAttributes(attributes)
    .filter(({ name, value }) => !isHarmful(localName(element), localName(name), value))
    .map(({ text }) => text)
    .join('');

function isHarmful(element: string, name: string, value: string): boolean {
  if (name.startsWith('on')) return true;
  // Browsers pass over white space and controls within a scheme.
  const bare = [...decodeReferences(value)]
    .filter((char) => char > ' ')
    .join('')
    .toLowerCase();
  if (name === 'href' && element === 'use') return !bare.startsWith('#');
  if (['href', 'from', 'to', 'values', 'by', 'src'].includes(name))
    return bare.split(';').some((part) => /^(javascript|vbscript):|^data:text\/html/.test(part));
  // An animation could put a handler or a link in place.
  return name === 'attributename' && (bare.startsWith('on') || bare === 'href' || bare.endsWith(':href'));
}

function decodeReferences(value: string): string {
  return value.replace(/&#(?:x([0-9a-f]{1,8})|(\d{1,8}));?/gi, (_whole, hex?: string, decimal?: string) => {
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
