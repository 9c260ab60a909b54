import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Exchange } from './exchange.ts';

/** A connection as the driver leaves it: a stream with a listener of the driver's. */
function connection() {
  const forDriver: Buffer[] = [];
  const written: Buffer[] = [];
  const stream = new PassThrough() as PassThrough & { deliver(bytes: Buffer): void };
  stream.deliver = (bytes) => void stream.emit('data', bytes);
  stream.write = ((bytes: Buffer) => written.push(bytes) > 0) as never;
  stream.on('data', (chunk: Buffer) => forDriver.push(chunk));
  const exchange = new Exchange({ connection: { stream } } as never);
  return { stream, exchange, forDriver, written };
}

function message(type: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

const row = (...cells: (string | null)[]): Buffer => {
  const parts = [Buffer.from([0, cells.length])];
  for (const cell of cells) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell));
    parts.push(length, Buffer.from(cell ?? ''));
  }
  return message('D', Buffer.concat(parts));
};
const done = (tag: string) => message('C', `${tag}\0`);
const ready = (state = 'I') => message('Z', state);

test('batches of one turn leave in one write, and are answered in their order', async () => {
  const { stream, exchange, written } = connection();
  const both = Promise.all([exchange.send(Buffer.from('one')), exchange.send(Buffer.from('two'))]);
  await turn();
  expect(written.map(String)).toEqual(['onetwo']);
  stream.deliver(
    Buffer.concat([message('2', ''), row('1', null), done('SELECT 1'), ready(), done('UPDATE 2'), ready('T')]),
  );
  const [first, second] = await both;
  expect(first).toMatchObject({
    results: [{ cells: [[Buffer.from('1'), null]], command: 'SELECT 1' }],
    error: undefined,
    inTransaction: false,
  });
  expect(second).toMatchObject({ results: [{ cells: [], command: 'UPDATE 2' }], inTransaction: true });
});

test('an error belongs to its batch alone, with all its fields', async () => {
  const { stream, exchange } = connection();
  const [first, second] = [exchange.send(Buffer.from('1')), exchange.send(Buffer.from('2'))];
  stream.deliver(message('E', 'SERROR\0VERROR\0C22012\0Mdivision by zero\0Dd\0Hh\0P7\0nc\0\0'));
  stream.deliver(Buffer.concat([ready(), done('SELECT 0'), ready()]));
  expect((await first).error).toMatchObject({
    code: '22012',
    severity: 'ERROR',
    message: 'division by zero',
    detail: 'd',
    hint: 'h',
    position: '7',
    constraint: 'c',
  });
  expect((await second).error).toBeUndefined();
});

test('what concerns the connection as a whole goes to the driver, as does all that comes unasked', async () => {
  const { stream, exchange, forDriver } = connection();
  const notice = message('N', 'SNOTICE\0Mhello\0\0');
  stream.deliver(notice);
  const reply = exchange.send(Buffer.from('1'));
  const setting = message('S', 'TimeZone\0UTC\0');
  stream.deliver(Buffer.concat([setting, done('SELECT 0'), ready()]));
  expect((await reply).results).toHaveLength(1);
  stream.deliver(notice);
  expect(forDriver).toEqual([notice, setting, notice]);
});

test('a message that is cut where a batch begins or ends reaches the driver whole', async () => {
  const { stream, exchange, forDriver } = connection();
  const notice = message('N', 'SNOTICE\0Mhello\0\0');
  const first = exchange.send(Buffer.from('1'));
  stream.deliver(Buffer.concat([done('SELECT 0'), ready(), notice.subarray(0, 9)]));
  expect((await first).results).toHaveLength(1);
  stream.deliver(notice.subarray(9));
  stream.deliver(notice.subarray(0, 3));
  const second = exchange.send(Buffer.from('2'));
  stream.deliver(Buffer.concat([notice.subarray(3), done('SELECT 0'), ready()]));
  expect((await second).results).toHaveLength(1);
  const fatal = message('E', 'SFATAL\0C57P01\0Mx\0\0');
  stream.deliver(fatal);
  expect(Buffer.concat(forDriver)).toEqual(Buffer.concat([notice, notice, fatal]));
});

test('when the connection is gone, so is everything under way; what the server said of it counts', async () => {
  const { stream, exchange } = connection();
  const [first, second] = [exchange.send(Buffer.from('1')), exchange.send(Buffer.from('2'))];
  stream.deliver(message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'));
  const gone = new Error('gone');
  exchange.fail(gone);
  await expect(first).rejects.toMatchObject({ code: '57P01' });
  await expect(second).rejects.toBe(gone);
});

test('nothing can be sent over a connection that is gone', async () => {
  const { stream, exchange } = connection();
  stream.destroy();
  await expect(exchange.send(Buffer.from('1'))).rejects.toThrow(/^Connection terminated/);
});

test('a server that wants data by COPY is told that there is none', async () => {
  const { stream, exchange, written } = connection();
  const reply = exchange.send(Buffer.from('1'));
  await turn();
  stream.deliver(message('G', Buffer.from([0, 0, 0])));
  const answer = written[1] as Buffer;
  expect(answer.toString('latin1', 0, 1)).toBe('f');
  expect(answer.readInt32BE(1)).toBe(answer.length - 1);
  stream.deliver(Buffer.concat([message('E', 'SERROR\0C57014\0Mx\0\0'), ready('E')]));
  expect(await reply).toMatchObject({ error: { code: '57014' }, inTransaction: true });
});

test('whatever bytes come, nothing but the batch fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 }), async (chunks) => {
      const { stream, exchange } = connection();
      const reply = exchange.send(Buffer.from('1'));
      const settled = reply.then(
        () => true,
        () => true,
      );
      for (const chunk of chunks) stream.deliver(Buffer.from(chunk));
      exchange.fail(new Error('end'));
      expect(await settled).toBe(true);
    }),
  );
});
