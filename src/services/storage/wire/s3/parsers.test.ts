import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunks } from './chunked-body.ts';
import {
  canonicalRequest,
  isSame,
  parseCompactDate,
  readCredential,
  readHeaderSignature,
  readQuerySignature,
  sha256,
  sign,
  signingKey,
} from './signature.ts';
import { parseXml, renderXml, type XmlElement } from './xml.ts';

const codeOf = (error: unknown) => (error as { code?: string }).code;

describe('XML', () => {
  const name = fc.stringMatching(/^[A-Za-z][\w.-]{0,10}$/);
  // What a document cannot say is not asked of it.
  const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !/\p{Cc}/u.test(value));

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 }))), (tree) => {
        const found = parseXml(renderXml('Root', tree));
        const expected = Object.entries(tree).flatMap(([key, value]) =>
          [value].flat().map((item): [string, string] => [key, item]),
        );
        expect(found.children.map((child): [string, string] => [child.name, child.text])).toEqual(expected);
      }),
    );
  });

  const pieces = fc.constantFrom(
    '<a>',
    '</a>',
    '<a/>',
    '<b x="1">',
    "<b x='",
    '&amp;',
    '&#0;',
    '&#xFFFFFF;',
    '&lol;',
    '<!DOCTYPE a [<!ENTITY lol "lol">]>',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?xml version="1.0"?>',
    ' ',
    'x',
    '<',
    '>',
    '\0',
  );

  it('of strangers is read or refused, and nothing else', () => {
    const sources = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(sources, (source) => {
        let document: XmlElement;
        try {
          document = parseXml(source);
        } catch (error) {
          expect(codeOf(error)).toBe('MalformedXML');
          return;
        }
        expect(document.name).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });

  it('that is deep or declares entities is refused; long nonsense at once', () => {
    for (const source of [
      '<a>'.repeat(20_000),
      `<a>${'<b>'.repeat(17)}${'</b>'.repeat(17)}</a>`,
      '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
      `<a${' '.repeat(1_000_000)}`,
      `<a ${'x="1" '.repeat(100_000)}`,
      `<a>${'&amp'.repeat(200_000)}</a>`,
    ])
      expect(() => parseXml(source)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  });
});

describe('bodies in chunks', () => {
  const signing = {
    key: signingKey('secret', '20260101', 'stub', 's3'),
    date: '20260101T000000Z',
    scope: 's',
    seed: 'f',
  };

  function encode(chunks: readonly Buffer[], isSigned: boolean, trailers: Readonly<Record<string, string>>): Buffer {
    let previous = signing.seed;
    const out: Buffer[] = [];
    for (const chunk of [...chunks, Buffer.alloc(0)]) {
      const lines = ['AWS4-HMAC-SHA256-PAYLOAD', signing.date, signing.scope, previous, sha256(''), sha256(chunk)];
      previous = sign(signing.key, lines.join('\n'));
      out.push(Buffer.from(`${chunk.length.toString(16)}${isSigned ? `;chunk-signature=${previous}` : ''}\r\n`));
      out.push(chunk);
      if (chunk.length > 0) out.push(Buffer.from('\r\n'));
    }
    const signed = Object.entries(trailers).map(([key, value]) => `${key}:${value}\n`);
    for (const [key, value] of Object.entries(trailers)) out.push(Buffer.from(`${key}:${value}\r\n`));
    if (isSigned && signed.length > 0) {
      const lines = ['AWS4-HMAC-SHA256-TRAILER', signing.date, signing.scope, previous, sha256(signed.join(''))];
      out.push(Buffer.from(`x-amz-trailer-signature:${sign(signing.key, lines.join('\n'))}\r\n`));
    }
    out.push(Buffer.from('\r\n'));
    return Buffer.concat(out);
  }

  async function decode(bytes: Buffer, isSigned: boolean, cuts: readonly number[]) {
    async function* source() {
      let at = 0;
      for (const cut of cuts) {
        if (at >= bytes.length) return;
        yield bytes.subarray(at, at + cut);
        at += cut;
      }
      if (at < bytes.length) yield bytes.subarray(at);
    }
    const out: Buffer[] = [];
    let trailers: ReadonlyMap<string, string> = new Map();
    const found = decodeChunks(source(), isSigned ? signing : undefined, (given) => {
      trailers = given;
    });
    for await (const chunk of found) out.push(chunk);
    return { body: Buffer.concat(out), trailers: Object.fromEntries(trailers) };
  }

  const body = fc.array(
    fc.uint8Array({ minLength: 1, maxLength: 50 }).map((array) => Buffer.from(array)),
    { maxLength: 5 },
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });
  const trailers = fc.constantFrom<Record<string, string>>({}, { 'x-amz-checksum-crc32': 'AAAAAA==' });

  it('are read whole, however they arrive', async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), trailers, cuts, async (chunks, isSigned, given, at) => {
        const found = await decode(encode(chunks, isSigned, given), isSigned, at);
        expect(found.body.equals(Buffer.concat(chunks))).toBe(true);
        expect(found.trailers).toEqual(given);
      }),
    );
  });

  it('that were changed on their way are refused where they are signed', async () => {
    await fc.assert(
      fc.asyncProperty(
        body,
        trailers,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (chunks, given, at, change) => {
          const bytes = encode(chunks, true, given);
          const index = at % bytes.length;
          bytes[index] = (bytes[index] as number) ^ change;
          try {
            const found = await decode(bytes, true, []);
            // Spaces, capitals and the last line's end are nobody's business.
            expect(found.body.equals(Buffer.concat(chunks))).toBe(true);
          } catch (error) {
            expect(['IncompleteBody', 'SignatureDoesNotMatch']).toContain(codeOf(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of strangers are read or refused, and nothing else', async () => {
    const pieces = fc.constantFrom('5\r\nhello\r\n', '0\r\n', '\r\n', 'ffffffffffff\r\n', ';', 'a:b\r\n', ':\r\n', 'x');
    const sources = fc.oneof(
      fc.string(),
      fc.array(pieces).map((all) => all.join('')),
    );
    await fc.assert(
      fc.asyncProperty(sources, fc.boolean(), async (source, isSigned) => {
        await decode(Buffer.from(source), isSigned, []).catch((error: unknown) => {
          expect(['IncompleteBody', 'SignatureDoesNotMatch']).toContain(codeOf(error));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('signatures', () => {
  const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));

  it('are read or none, whatever stands in the headers', () => {
    const header = fc.oneof(
      anything,
      fc
        .tuple(anything, anything, anything)
        .map(([a, b, c]) => `AWS4-HMAC-SHA256 Credential=${a}, SignedHeaders=${b}, Signature=${c}`),
    );
    fc.assert(
      fc.property(header, anything, (authorization, date) => {
        const found = readHeaderSignature({ authorization, 'x-amz-date': date });
        if (found) expect(found.signature).toMatch(/^[0-9a-f]{64}$/);
        expect(Number.isNaN(parseCompactDate(date)) || /^\d{8}T\d{6}Z$/.test(date)).toBe(true);
      }),
    );
  });

  it('in queries are read or none, and their requests have one canonical form', () => {
    fc.assert(
      fc.property(fc.dictionary(anything, anything), anything, anything, (given, path, query) => {
        readQuerySignature(new URLSearchParams(given), {});
        const credential = readCredential('key/20260101/stub/s3/aws4_request');
        if (!credential) throw new Error('unreachable');
        const parts = {
          ...credential,
          signedHeaders: ['host', 'x'],
          signature: '',
          date: '',
          securityToken: undefined,
          payloadHash: '',
        };
        const request = { method: 'GET', path, query, headers: {}, host: 'h' };
        expect(canonicalRequest(parts, request).split('\n')[0]).toBe('GET');
      }),
    );
  });

  it('are compared whatever they are made of', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(isSame(a, b)).toBe(a === b || sameBytes(a, b));
        expect(isSame(a, a)).toBe(true);
      }),
    );
  });
});

// Halves of characters are all the same in UTF-8.
const sameBytes = (a: string, b: string): boolean => Buffer.from(a).equals(Buffer.from(b));
