import type { HtmlPlace } from './html-context.ts';

/** What stands for a value that must not stand at its place; the mark Go's templates use. */
export const blocked = 'ZgotmplZ';

const entities: Readonly<Record<string, string>> = {
  '\0': '&#xfffd;',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};
const unquotedEntities: Readonly<Record<string, string>> = {
  ...entities,
  '\t': '&#9;',
  '\n': '&#10;',
  '\v': '&#11;',
  '\f': '&#12;',
  '\r': '&#13;',
  ' ': '&#32;',
  '=': '&#61;',
  '`': '&#96;',
};

/** A value as text that means itself at a place of an HTML document. */
export function escapeFor(place: HtmlPlace, value: string): string {
  // Half a surrogate pair cannot be written as UTF-8, let alone percent-encoded.
  const text = Buffer.from(value).toString();
  switch (place.kind) {
    case 'text':
      return escapeMarkup(text);
    case 'comment':
      return '';
    case 'code':
      return /^[\w.-]*$/.test(text) ? text : blocked;
    case 'attribute':
      return escapeAttribute(text, place.quoted);
    case 'url': {
      if (place.part === 'query') return escapeAttribute(encodeURIComponent(text).replaceAll("'", '%27'), place.quoted);
      const safe = place.part === 'path' || isHarmlessUrl(text) ? text : `#${blocked}`;
      return escapeAttribute(normaliseUrl(safe), place.quoted);
    }
  }
}

/** Text with everything that HTML could take for markup replaced. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[\0"&'+<>]/g, (character) => entities[character] as string);

function escapeAttribute(text: string, quoted: boolean): string {
  if (quoted) return escapeMarkup(text);
  return text.replace(/[\0"&'+<>\t\n\v\f\r =`]/g, (character) => unquotedEntities[character] as string);
}

// Addresses with another scheme (javascript:, data:) would run instead of leading somewhere.
function isHarmlessUrl(url: string): boolean {
  const scheme = /^([^/?#]*?):/.exec(url)?.[1];
  return scheme === undefined || ['http', 'https', 'mailto'].includes(scheme.toLowerCase());
}

// Leaves a URL's own punctuation and percent-escapes alone.
const normaliseUrl = (url: string): string =>
  url.replace(/[^A-Za-z0-9\-._~!#$&*+,/:;=?@[\]%]|%(?![0-9a-fA-F]{2})/gu, (character) =>
    character === "'" ? '%27' : character === '(' ? '%28' : character === ')' ? '%29' : encodeURIComponent(character),
  );
