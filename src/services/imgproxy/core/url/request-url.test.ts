import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#kernel/errors';
import { parsePresets } from './presets.ts';
import { plainProcessing } from './processing.ts';
import { readRequestUrl, type UrlRules } from './request-url.ts';
import { parseKeyPairs } from './signature.ts';
import { parseReplacements } from './source-text.ts';

const limits = { pixels: 1e6, bytes: 1e6, frames: 1, framePixels: 0, resultSide: 0 };
const rules: UrlRules = {
  separator: ':',
  signature: { pairs: [], size: 32, trusted: [] },
  presets: new Map(),
  onlyPresets: false,
  allowSecurity: false,
  allowedOptions: [],
  defaults: {},
  limits,
  baseUrl: '',
  replacements: [],
  base64IncludesFilename: false,
};
const now = 1_800_000_000;
const plain = plainProcessing(limits);
const read = (path: string, changed: Partial<UrlRules> = {}) => readRequestUrl(path, { ...rules, ...changed }, now);
/** What the options of a URL change. */
function changes(options: string, changed: Partial<UrlRules> = {}): Record<string, unknown> {
  const { processing } = read(`/_/${options === '' ? '' : `${options}/`}plain/http://a/b.png`, changed);
  return Object.fromEntries(
    Object.entries(processing).filter(([key, value]) => !isDeepStrictEqual(value, plain[key as keyof typeof plain])),
  );
}
function refusal(path: string, changed: Partial<UrlRules> = {}): string {
  try {
    read(path, changed);
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code} ${error.status} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('sources', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64url');
  test.each([
    ['/_/plain/http://a/b.png', 'http://a/b.png', undefined],
    ['/_/plain/http%3A%2F%2Fa%2Fb%20c.png%3Fx%3D1@webp', 'http://a/b c.png?x=1', 'webp'],
    ['/_/plain/http:/a/b.png', 'http://a/b.png', undefined],
    ['/_/plain/local:/x/y.png', 'local:///x/y.png', undefined],
    ['/_/plain/local:///x/y.png@jpg', 'local:///x/y.png', 'jpeg'],
    [`/_/${base64('http://a/b.png')}`, 'http://a/b.png', undefined],
    [`/_/${base64('http://a/b.png')}==.png`, 'http://a/b.png', 'png'],
    [`/_/w:1/${base64('http://a/long.png').replace(/(.{5})/g, '$1/')}.avif`, 'http://a/long.png', 'avif'],
  ])('%s', (path, source, format) => {
    const found = read(path);
    expect([found.source, found.processing.format]).toEqual([source, format]);
  });

  test('any source survives both forms', () => {
    const source = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(source, fc.integer({ min: 1, max: 9 }), (text, width) => {
        const cut = base64(text)
          .replace(new RegExp(`(.{${width}})`, 'g'), '$1/')
          .replace(/\/$/, '');
        // A source whose Base64 begins with the word for the other form cannot be told from it.
        fc.pre(cut.split('/')[0] !== 'plain');
        expect(read(`/_/${cut}`).source).toBe(text);
        expect(read(`/_/w:${width}/plain/${encodeURIComponent(text)}@png`).source).toBe(text);
      }),
    );
  });

  test.each([
    '/_',
    '/_/',
    '/_/w:10',
    '/_/plain',
    '/_/plain/',
    '/_/plain/a@b@c',
    '/_/plain/%zz',
    '/_/plain/http://a/b.png@nope',
    '/_/abc.def.png',
    '/_/ab$c',
    '/_/aGk.nope',
    'no-slash',
    '/_/fit/100/100/ce/0/plain/http://a/b.png',
  ])('%s is no URL', (path) => expect(refusal(path)).toBe('invalid_url 404 Invalid URL'));

  test('base URL, replacements and file names', () => {
    const baseUrl = 'http://images.test/';
    expect(read('/_/plain/a.png', { baseUrl }).source).toBe('http://images.test/a.png');
    expect(read('/_/plain/http://images.test/a.png', { baseUrl }).source).toBe('http://images.test/a.png');
    const replacements = parseReplacements('mys3://=s3://my_bucket/images/;x://*/**=http://$' + '{1}.test/$' + '{2}');
    expect(read('/_/plain/mys3://a.png', { replacements }).source).toBe('s3://my_bucket/images/a.png');
    expect(read('/_/plain/x://one/two/three.png', { replacements }).source).toBe('http://one.test/two/three.png');
    const path = `/_/${base64('http://a/b.png')}/for-readers.jpg`;
    expect(read(path, { base64IncludesFilename: true }).source).toBe('http://a/b.png');
  });
});

describe('options', () => {
  const at = (type: string, x = 0, y = 0) => ({ type, x, y });
  test.each<[string, object]>([
    [
      'rs:fill:100:200:1:1:no:1:2',
      { resize: 'fill', width: 100, height: 200, enlarge: true, extend: { enabled: true, gravity: at('no', 1, 2) } },
    ],
    ['resize:::50', { height: 50 }],
    ['s:10:20', { width: 10, height: 20 }],
    ['rt:force', { resize: 'force' }],
    ['w:5/height:6/mw:7/min-height:8', { width: 5, height: 6, minWidth: 7, minHeight: 8 }],
    ['z:2', { zoomX: 2, zoomY: 2 }],
    ['zoom:2:0.5', { zoomX: 2, zoomY: 0.5 }],
    ['dpr:1.5', { dpr: 1.5 }],
    ['el:t', { enlarge: true }],
    ['el:yes', {}],
    ['ex:1', { extend: { enabled: true, gravity: at('ce') } }],
    ['extend_ar:true:so:0.5', { extendAspectRatio: { enabled: true, gravity: at('so', 0.5) } }],
    ['g:fp:0.25:1', { gravity: at('fp', 0.25, 1) }],
    ['g:sm', { gravity: at('sm') }],
    ['g:noea:-5:0.5', { gravity: at('noea', -5, 0.5) }],
    ['c:10', { crop: { width: 10, height: 0 } }],
    ['c:0.5:20:soea:1', { crop: { width: 0.5, height: 20, gravity: at('soea', 1) } }],
    ['t:10', { trim: { threshold: 10, equalHorizontally: false, equalVertically: false } }],
    [
      't:0.5:fF0:1:1',
      { trim: { threshold: 0.5, colour: { r: 255, g: 255, b: 0 }, equalHorizontally: true, equalVertically: true } },
    ],
    ['pd:1', { padding: { top: 1, right: 1, bottom: 1, left: 1 } }],
    ['pd:1:2', { padding: { top: 1, right: 2, bottom: 1, left: 2 } }],
    ['pd:1:2:3', { padding: { top: 1, right: 2, bottom: 3, left: 2 } }],
    ['pd:1:2:3:4', { padding: { top: 1, right: 2, bottom: 3, left: 4 } }],
    ['pd::5', { padding: { top: 0, right: 5, bottom: 0, left: 5 } }],
    ['ar:0', { autoRotate: false }],
    ['rot:-90', { rotate: 270 }],
    ['rot:450', { rotate: 90 }],
    ['bg:1:2:3', { background: { r: 1, g: 2, b: 3 } }],
    ['bg:abc', { background: { r: 170, g: 187, b: 204 } }],
    ['bg:abc/bg:', {}],
    ['bl:1.5/sh:0.5/pix:3', { blur: 1.5, sharpen: 0.5, pixelate: 3 }],
    ['wm:0.5:re:10:20:0.3', { watermark: { opacity: 0.5, position: 're', x: 10, y: 20, scale: 0.3 } }],
    ['wm:1', { watermark: { opacity: 1, position: 'ce', x: 0, y: 0, scale: 0 } }],
    ['wm:0', {}],
    ['sm:0/kcr:0/scp:0/eth:1', { stripMetadata: false, keepCopyright: false, stripColourProfile: false }],
    ['q:50', { quality: 50 }],
    ['fq:jpg:10:webp:20', { formatQuality: { jpeg: 10, webp: 20 } }],
    ['mb:1000', { maxBytes: 1000 }],
    ['f:jpg', { format: 'jpeg' }],
    ['ext:avif', { format: 'avif' }],
    ['skp:gif:jpg', { skip: ['gif', 'jpeg'] }],
    ['raw:1', { raw: true }],
    ['cb:anything:at:all', {}],
    [`exp:${now + 1}`, { expires: now + 1 }],
    ['fn:my%20cat', { filename: 'my cat' }],
    [`fn:${Buffer.from('größe').toString('base64url')}:1`, { filename: 'größe' }],
    ['att:1', { attachment: true }],
  ])('%s', (options, expected) => expect(changes(options)).toEqual(expected));

  test.each([
    'nope:1',
    'w:',
    'w:-1',
    'w:1.5',
    'w:1:2',
    'w:99999999999999999999',
    'rs:wide:1:1',
    'rs:fit:1:1:1:1:ce:0:0:9',
    'rt:',
    'z:0',
    'dpr:0',
    'dpr:-1',
    'dpr:1e999',
    'dpr:NaN',
    'g:xx',
    'g:sm:1',
    'g:fp',
    'g:fp:0.5',
    'g:fp:2:0',
    'g:ce:x',
    'ex:1:sm',
    'c:-1',
    'c:',
    't:x',
    't:1:zzz',
    'pd:-1',
    'pd:x',
    'rot:45',
    'bg:1:2',
    'bg:256:0:0',
    'bg:xyz',
    'bl:-1',
    'bl:',
    'pix:-3',
    'wm:2',
    'wm:1:sm',
    'wm:1:fp',
    'q:101',
    'fq:jpg',
    'fq:nope:10',
    'f:nope',
    'f:',
    'skp:nope',
    'exp:soon',
    'fn:%zz',
    'pr:nope',
    'mb:-1',
    'crop_by:1',
    'autoquality:1',
    'page:1',
    'constructor:1',
    '__proto__:1',
  ])('%s is refused', (options) => {
    expect(refusal(`/_/${options}/plain/http://a/b.png`)).toBe('invalid_url 404 Invalid URL');
  });

  test('what has expired is not there', () => {
    expect(refusal(`/_/exp:${now - 1}/plain/http://a/b.png`)).toBe('expired_url 404 Expired URL');
  });

  test('bounds can be changed only where that is allowed', () => {
    for (const option of ['msr:1', 'msfs:5', 'maf:3', 'mafr:2', 'mrd:7'])
      expect(refusal(`/_/${option}/plain/http://a/b.png`)).toBe('option_forbidden 403 Invalid URL');
    const { limits: changed } = read('/_/msr:2.5/msfs:5/maf:3/mafr:2/mrd:7/plain/http://a/b.png', {
      allowSecurity: true,
    }).processing;
    expect(changed).toEqual({ pixels: 2.5e6, bytes: 5, frames: 3, framePixels: 2e6, resultSide: 7 });
  });

  test('options that are not among the allowed ones are refused, whatever they are called', () => {
    const allowedOptions = ['width', 'h'];
    expect(changes('w:5/height:6', { allowedOptions })).toEqual({ width: 5, height: 6 });
    expect(refusal('/_/q:5/plain/http://a/b.png', { allowedOptions })).toBe('option_forbidden 403 Invalid URL');
  });

  test('another separator', () => {
    expect(changes('w,5/g,fp,0.5,0.5', { separator: ',' })).toEqual({ width: 5, gravity: at('fp', 0.5, 0.5) });
  });

  test('whatever stands in a URL, it is read or refused with an error of the room', () => {
    const names = [
      'rs',
      's',
      'w',
      'z',
      'g',
      'c',
      't',
      'pd',
      'bg',
      'wm',
      'fq',
      'skp',
      'fn',
      'exp',
      'rot',
      'ex',
      'pr',
      'zz',
    ];
    const argument = fc.oneof(
      fc.constantFrom('', '0', '1', '-1', '0.5', '1e3', 'fill', 'fp', 'sm', 'ce', 'jpg', '%41', '%', 'ffffff'),
      fc.string({ maxLength: 6 }).map((text) => text.replaceAll('/', '')),
    );
    const option = fc.tuple(fc.constantFrom(...names), fc.array(argument, { maxLength: 9 }));
    fc.assert(
      fc.property(fc.array(option, { maxLength: 5 }), fc.string(), (options, rest) => {
        const text = options.map(([name, values]) => [name, ...values].join(':')).join('/');
        expect(refusal(`/_/${text}/${rest}`)).toMatch(/^(accepted|invalid_url 404|expired_url 404)/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('presets', () => {
  const presets = parsePresets('default=q:11/w:5,small=w:10/h:20, big=pr:small/w:30 ,a=pr:b/w:1,b=pr:a/h:2', ',', ':');
  test('default comes first, and the URL has the last word', () => {
    expect(changes('', { presets })).toEqual({ quality: 11, width: 5 });
    expect(changes('pr:small/w:7', { presets })).toEqual({ quality: 11, width: 7, height: 20 });
    expect(changes('preset:small:big', { presets })).toEqual({ quality: 11, width: 30, height: 20 });
  });
  test('presets that name each other end', () => {
    expect(changes('pr:a', { presets })).toEqual({ quality: 11, width: 1, height: 2 });
  });
  test('presets and nothing else', () => {
    const only = { presets, onlyPresets: true };
    expect(read('/_/small:big/plain/http://a/b', only).processing).toMatchObject({ width: 30, height: 20 });
    expect(refusal('/_/w:5/plain/http://a/b', only)).toBe('invalid_url 404 Invalid URL');
  });
  test('what is no preset is told', () => {
    for (const text of ['nothing', 'a=', '=w:1', 'a=w']) expect(() => parsePresets(text, ',', ':')).toThrow(/preset/);
  });
});

describe('signatures', () => {
  const [key, salt] = ['00112233', 'aabbcc'];
  const pairs = parseKeyPairs([key, 'ff'], [salt, 'ee']);
  const sign = (path: string, hexKey: string, hexSalt: string, size = 32) =>
    createHmac('sha256', Buffer.from(hexKey, 'hex'))
      .update(Buffer.concat([Buffer.from(hexSalt, 'hex'), Buffer.from(path)]))
      .digest()
      .subarray(0, size)
      .toString('base64url');
  const path = '/rs:fit:300:300/plain/http://img.example.com/pretty/image.jpg';
  const signature = { pairs, size: 32, trusted: ['trusted!'] };

  test('any pair of key and salt may match, and trusted texts', () => {
    for (const text of [sign(path, key, salt), sign(path, 'ff', 'ee'), 'trusted!'])
      expect(read(`/${text}${path}`, { signature }).processing.width).toBe(300);
  });
  test('everything else is forbidden', () => {
    const right = sign(path, key, salt);
    const wrong = [
      'insecure',
      '_',
      '',
      right.slice(1),
      `${right}=`,
      `${right}A`,
      sign(path, key, 'ee'),
      sign(`${path}x`, key, salt),
    ];
    for (const text of wrong) expect(refusal(`/${text}${path}`, { signature })).toBe('forbidden 403 Forbidden');
  });
  test('a changed byte is noticed', () => {
    const signed = `/${sign(path, key, salt)}${path}`;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: signed.length - 1 }),
        fc.constantFrom('a', 'Z', '7', '-', '.'),
        (at, char) => {
          fc.pre(signed[at] !== char);
          const changed = signed.slice(0, at) + char + signed.slice(at + 1);
          // The last character of Base64 has bits that do not count.
          fc.pre(Buffer.from(changed.slice(1, 44), 'base64url').toString('base64url') === changed.slice(1, 44));
          expect(refusal(changed, { signature })).not.toBe('accepted');
        },
      ),
    );
  });
  test('short ones where that is set; repaired slashes are signed as the original', () => {
    expect(read(`/${sign(path, key, salt, 8)}${path}`, { signature: { ...signature, size: 8 } }).source).toContain(
      'http',
    );
    const collapsed = path.replace('http://', 'http:/');
    expect(read(`/${sign(path, key, salt)}${collapsed}`, { signature }).source).toBe(
      'http://img.example.com/pretty/image.jpg',
    );
  });
  test('keys and salts that cannot be used are told', () => {
    expect(() => parseKeyPairs(['aa', 'bb'], ['cc'])).toThrow(/as many/);
    expect(() => parseKeyPairs(['xx'], ['cc'])).toThrow(/hex/);
    expect(parseKeyPairs(['aa'], [])).toEqual([]);
  });
});
