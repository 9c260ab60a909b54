import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

interface Read {
  readonly answers: { status: number; headers: string[]; isSized: boolean; body: string; isOver: boolean }[];
  readonly reader: AnswerReader;
  readonly error: string | undefined;
}

/** Reads bytes cut at the given places; each answer is expected as soon as the one before is over. */
function read(bytes: Buffer, cuts: readonly number[] = [], bodiless = false): Read {
  const answers: Read['answers'] = [];
  const reader = new AnswerReader({
    onHead: (status, headers, isSized) => void answers.push({ status, headers, isSized, body: '', isOver: false }),
    onData(chunk) {
      const answer = answers.at(-1);
      if (answer) answer.body += chunk.toString('latin1');
    },
    onEnd() {
      const answer = answers.at(-1);
      if (answer) answer.isOver = true;
    },
  });
  reader.begin(bodiless);
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  try {
    for (const [index, from] of places.slice(0, -1).entries()) reader.write(bytes.subarray(from, places[index + 1]));
    reader.finish();
  } catch (error) {
    return { answers, reader, error: (error as Error).message };
  }
  return { answers, reader, error: undefined };
}

const text = (...lines: readonly string[]) => Buffer.from(lines.join('\r\n'), 'latin1');

describe('framing', () => {
  it.each([
    ['a length', ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'], 'ok', true, true],
    ['no body', ['HTTP/1.1 204 No Content', 'x: 1', '', ''], '', true, true],
    ['304 with the length of what it does not send', ['HTTP/1.1 304 x', 'content-length: 9', '', ''], '', true, true],
    ['no reason', ['HTTP/1.1 200', 'content-length: 0', '', ''], '', true, true],
    [
      'chunks with extensions and trailers',
      ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '2;a=b', 'ok', 'A ', '0123456789', '0', 't: 1', '', ''],
      'ok0123456789',
      false,
      true,
    ],
    ['up to the end', ['HTTP/1.1 200 OK', '', 'all of it'], 'all of it', false, false],
    ['another coding, up to the end', ['HTTP/1.1 200 OK', 'transfer-encoding: gzip', '', 'zz'], 'zz', false, false],
    [
      'a connection that ends',
      ['HTTP/1.1 200 OK', 'connection: x, Close', 'content-length: 1', '', 'a'],
      'a',
      true,
      false,
    ],
    ['the old version', ['HTTP/1.0 200 OK', 'content-length: 1', '', 'a'], 'a', true, false],
  ])('%s', (_name, lines, body, isSized, isReusable) => {
    const { answers, reader, error } = read(text(...lines));
    expect([error, answers.length, answers[0]?.body, answers[0]?.isOver]).toEqual([undefined, 1, body, true]);
    expect([answers[0]?.isSized, reader.isReusable, reader.isIdle]).toEqual([isSized, isReusable, true]);
  });

  it('the answer to HEAD ends with its head', () => {
    expect(read(text('HTTP/1.1 200 OK', 'content-length: 5', '', ''), [], true).answers[0]).toMatchObject({
      body: '',
      isOver: true,
    });
  });

  it('what comes before an answer is skipped', () => {
    const { answers } = read(
      text('HTTP/1.1 103 Early Hints', 'link: x', '', 'HTTP/1.1 201 x', 'content-length: 0', '', ''),
    );
    expect(answers.map(({ status }) => status)).toEqual([201]);
  });

  it('headers come out in their case and order, repeated ones too, without those of the connection', () => {
    const { answers, reader } = read(
      text(
        'HTTP/1.1 200 OK',
        'Set-Cookie: a=1',
        'set-cookie:b=2 ',
        'Keep-Alive: timeout=5, max=9',
        'TE: x',
        'X: \xe9',
        'content-length: 0',
        '',
        '',
      ),
    );
    expect(answers[0]?.headers).toEqual(['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X', '\xe9', 'content-length', '0']);
    expect(reader.keptFor).toBe(5_000);
  });

  it.each([
    ['two lengths that differ', ['HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 2', '', 'a']],
    ['two ways to say it', ['HTTP/1.1 200 OK', 'content-length: 1', 'transfer-encoding: chunked', '', 'a']],
    ['a length that is none', ['HTTP/1.1 200 OK', 'content-length: +1', '', 'a']],
    ['a folded line', ['HTTP/1.1 200 OK', 'a: 1', ' b', '', '']],
    ['a chunk that is too long', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '1', 'ab', '0', '', '']],
    ['a chunk without a size', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '-1', 'a', '']],
    ['another protocol', ['HTTP/1.1 101 Switching Protocols', 'upgrade: x', '', '']],
    ['no HTTP', ['SSH-2.0-x', '', '']],
    ['more than was asked for', ['HTTP/1.1 200 OK', 'content-length: 1', '', 'abc']],
    ['a head without an end', ['HTTP/1.1 200 OK', `a: ${'x'.repeat(70_000)}`]],
  ])('refuses %s', (_name, lines) => expect(read(text(...lines)).error).toBeTypeOf('string'));

  it('an answer that is cut off is not over', () => {
    for (const lines of [
      ['HTTP/1.1 200 OK', 'content-length: 3', '', 'ab'],
      ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '2', 'ab', ''],
      ['HTTP/1.1 200 OK', 'content-le'],
    ])
      expect(read(text(...lines)).answers[0]?.isOver ?? false).toBe(false);
  });
});

describe('wherever it is cut', () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));

  it('the same answer comes out', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        fc.boolean(),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (chunks, isChunked, places) => {
          const body = Buffer.concat(chunks);
          const framed = isChunked
            ? Buffer.concat([
                text('HTTP/1.1 200 OK', 'x: y', 'transfer-encoding: chunked', '', ''),
                ...chunks.flatMap((part) => [
                  Buffer.from(`${part.length.toString(16)}\r\n`),
                  part,
                  Buffer.from('\r\n'),
                ]),
                Buffer.from('0\r\n\r\n'),
              ])
            : Buffer.concat([text('HTTP/1.1 200 OK', 'x: y', `content-length: ${body.length}`, '', ''), body]);
          const cuts = places.map((place) => place % (framed.length + 1));
          const { answers, error, reader } = read(framed, cuts);
          expect([error, answers.length, answers[0]?.isOver, reader.isReusable]).toEqual([undefined, 1, true, true]);
          expect(answers[0]?.body).toBe(body.toString('latin1'));
          expect(answers[0]?.headers.slice(0, 2)).toEqual(['x', 'y']);
        },
      ),
    );
  });

  it('no bytes make it do anything but refuse', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'HTTP/1.1 200 OK\r\n',
        'content-length: ',
        'transfer-encoding: chunked\r\n',
        '\r\n',
        '\r\n\r\n',
        '0',
        '5',
        ':',
        'a',
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(200), { maxLength: 5 }), (pieces, places) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        const { answers } = read(
          bytes,
          places.map((place) => place % (bytes.length + 1)),
        );
        expect(answers.length).toBeLessThanOrEqual(1);
        expect(answers[0]?.body.length ?? 0).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
