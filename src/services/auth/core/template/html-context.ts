/** Where in an HTML document a value is about to stand. */
export type HtmlPlace =
  | { readonly kind: 'text' }
  | { readonly kind: 'attribute'; readonly quoted: boolean }
  | { readonly kind: 'url'; readonly quoted: boolean; readonly part: 'start' | 'path' | 'query' }
  /** Scripts, styles, event handlers, names of tags and attributes: values are code there. */
  | { readonly kind: 'code' }
  | { readonly kind: 'comment' };

/** Follows a document as it is written. Values do not go through it: escaped, they cannot change the place. */
export interface HtmlContext {
  /** Takes literal text of the template. */
  text(text: string): void;
  /** Notes that a value was written at the present place. */
  value(): void;
  readonly place: HtmlPlace;
}

const urlAttributes: ReadonlySet<string> = new Set([
  'action',
  'background',
  'cite',
  'data',
  'formaction',
  'href',
  'longdesc',
  'manifest',
  'poster',
  'src',
  'srcset',
  'usemap',
  'xlink:href',
]);
const rawElements: ReadonlySet<string> = new Set(['script', 'style', 'title', 'textarea']);

type State =
  | 'text'
  | 'comment'
  | 'tag-name'
  | 'tag'
  | 'attribute-name'
  | 'after-name'
  | 'before-value'
  | 'value'
  | 'raw';

/** Starts at the beginning of a document. */
export function createHtmlContext(): HtmlContext {
  let state: State = 'text';
  let tag = '';
  let attribute = '';
  let quote: '"' | "'" | '' = '';
  let part: 'start' | 'path' | 'query' = 'start';
  let tail = '';

  function step(c: string): void {
    // Enough of the past to recognise <!--, --> and end tags.
    tail = (tail + c).slice(-12);
    const space = /\s/.test(c);
    switch (state) {
      case 'text':
        if (tail.endsWith('<!--')) state = 'comment';
        else if (c === '<') {
          state = 'tag-name';
          tag = '';
        }
        return;
      case 'comment':
        if (tail.endsWith('-->')) state = 'text';
        return;
      case 'raw':
        if (tail.toLowerCase().endsWith(`</${tag}`)) {
          state = 'tag-name';
          tag = `/${tag}`;
        }
        return;
      case 'tag-name':
        if (tail.endsWith('<!--')) state = 'comment';
        else if (c === '>') endTag();
        else if (space || (c === '/' && tag !== '')) state = 'tag';
        else if (tag === '' && !/[a-z/!?]/i.test(c)) state = 'text';
        else tag += c.toLowerCase();
        return;
      case 'tag':
        if (c === '>') endTag();
        else if (!space && c !== '/') {
          state = 'attribute-name';
          attribute = c.toLowerCase();
        }
        return;
      case 'attribute-name':
        if (c === '=') beginValue();
        else if (c === '>') endTag();
        else if (c === '/') state = 'tag';
        else if (space) state = 'after-name';
        else attribute += c.toLowerCase();
        return;
      case 'after-name':
        if (c === '=') beginValue();
        else if (c === '>') endTag();
        else if (!space) {
          state = 'attribute-name';
          attribute = c.toLowerCase();
        }
        return;
      case 'before-value':
        if (c === '"' || c === "'") {
          quote = c;
          state = 'value';
        } else if (c === '>') endTag();
        else if (!space) {
          state = 'value';
          inValue(c);
        }
        return;
      case 'value':
        if (quote === '' ? space : c === quote) state = 'tag';
        else if (quote === '' && c === '>') endTag();
        else inValue(c);
    }
  }

  function beginValue(): void {
    state = 'before-value';
    quote = '';
    part = 'start';
  }

  function inValue(c: string): void {
    if (c === '?' || c === '#') part = 'query';
    else if (part === 'start') part = 'path';
  }

  function endTag(): void {
    state = rawElements.has(tag) ? 'raw' : 'text';
    tail = '';
  }

  return {
    text(text) {
      for (const character of text) step(character);
    },
    value() {
      if (state === 'before-value') state = 'value';
      if (part === 'start') part = 'path';
    },
    get place(): HtmlPlace {
      if (state === 'text') return { kind: 'text' };
      if (state === 'comment') return { kind: 'comment' };
      if (state === 'raw') return tag === 'title' || tag === 'textarea' ? { kind: 'text' } : { kind: 'code' };
      if (state !== 'value' && state !== 'before-value') return { kind: 'code' };
      if (attribute.startsWith('on') || attribute === 'style' || attribute === 'srcdoc') return { kind: 'code' };
      const quoted = quote !== '';
      const name = attribute.replace(/^data-/, '');
      return urlAttributes.has(name) ? { kind: 'url', quoted, part } : { kind: 'attribute', quoted };
    },
  };
}
