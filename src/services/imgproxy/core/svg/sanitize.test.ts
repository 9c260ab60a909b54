import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sanitizeSvg } from './sanitize.ts';
import { readAttributes, readMarkup } from './scan.ts';

const clean = (text: string) => sanitizeSvg(Buffer.from(text)).toString();
const svg = (inner: string) => `<svg xmlns="http://www.w3.org/2000/svg">${inner}</svg>`;

describe('what may run is taken out', () => {
  test.each([
    ['<script>alert(1)</script><g/>', '<g/>'],
    ['<svg:script xmlns:svg="x">alert(1)</svg:script><g/>', '<g/>'],
    ['<SCRIPT/><g/>', '<g/>'],
    ['<script href="x"/><g/>', '<g/>'],
    ['<script><![CDATA[</script>]]></script><g/>', '<g/>'],
    ['<script>a<script>b</script>c</script><g/>', '<g/>'],
    ['<g onload="alert(1)" id="a"/>', '<g id="a"/>'],
    ["<g\n\tonclick = 'x' id='a'></g>", "<g id='a'></g>"],
    ['<g ONLOAD=alert(1) id="a"/>', '<g id="a"/>'],
    ['<use href="#a"/><use href="http://x/y.svg#a"/>', '<use href="#a"/><use/>'],
    ['<use xlink:href="data:image/svg+xml,x"/>', '<use/>'],
    ['<a href="java&#115;cript:alert(1)">x</a>', '<a>x</a>'],
    ['<a xlink:href=" java\nscript:x">x</a>', '<a>x</a>'],
    ['<set attributeName="onload" to="x"/>', '<set to="x"/>'],
    ['<animate attributeName="href" values="#a;javascript:x"/>', '<animate/>'],
    ['<?xml-stylesheet href="javascript:x"?><g/>', '<g/>'],
    ['<g id="<script>"/>', '<g id="<script>"/>'],
    ['<!-- <script> --><g/>', '<!-- <script> --><g/>'],
    ['<style><![CDATA[a > b {}]]></style>', '<style><![CDATA[a > b {}]]></style>'],
    ['<a href="https://x.test/?a=1&amp;b=2">x</a>', '<a href="https://x.test/?a=1&amp;b=2">x</a>'],
    ['<g a="', ''],
    ['<script>never ended <g/>', ''],
  ])('%s', (inner, expected) => {
    const result = clean(svg(inner));
    expect(result.replace(/^<svg xmlns="[^"]*">/, '').replace(/<\/svg>$/, '')).toBe(expected);
  });

  test('entities are put in place and their declarations go', () => {
    const text = `<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x>y" [
      <!ENTITY ns "http://ns.test/'1'"> <!ENTITY bad "<script>x</script>"> <!ENTITY twice "&bad;">
    ]><svg xmlns:x="&ns;"><g id="&amp;"/>&bad;&twice;&nothing;&#65;</svg>`;
    expect(clean(text)).toBe(
      '<?xml version="1.0"?><svg xmlns:x="http://ns.test/&apos;1&apos;"><g id="&amp;"/>&#65;</svg>',
    );
  });

  test('entities cannot make much of little', () => {
    const long = 'a'.repeat(10_000);
    const text = `<!DOCTYPE svg [<!ENTITY l "${long}">]><svg>${'&l;'.repeat(10_000)}</svg>`;
    expect(clean(text).length).toBeLessThan(2_000_000);
  });
});

test('no script and no handler survives, whatever stands around it', () => {
  const piece = fc.constantFrom(
    '<script>',
    '</script>',
    '<script ',
    '/>',
    '>',
    '<',
    '"',
    "'",
    '=',
    ' onload="x"',
    ' onload=',
    '<g',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml ',
    '?>',
    '<!DOCTYPE svg [',
    ']',
    '<!ENTITY a "',
    '&a;',
    ' a="1"',
    'text',
    '\n',
    '</g>',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const result = clean(pieces.join(''));
      for (let at = 0; at < result.length; ) {
        const start = result.indexOf('<', at);
        if (start < 0) break;
        const markup = readMarkup(result, start);
        if (markup.kind === 'tag') {
          expect(markup.name.toLowerCase()).not.toBe('script');
          for (const { name } of readAttributes(markup.attributes)) expect(name.toLowerCase()).not.toMatch(/^on/);
        }
        at = markup.end;
      }
    }),
    { numRuns: 1_000 },
  );
});

test('attributes are taken apart without loss', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(
        readAttributes(text)
          .map((attribute) => attribute.text)
          .join(''),
      ).toBe(text);
    }),
  );
});

test('time grows with length and no faster', () => {
  const texts = ['<', '<a ', '<a "', '&', '&a', '<!DOCTYPE [', '<!--', ' ', '<a b=', '<g a="'];
  for (const text of texts) {
    const started = performance.now();
    clean(`<svg>${text.repeat(400_000)}`);
    expect(performance.now() - started, JSON.stringify(text)).toBeLessThan(5_000);
  }
});
