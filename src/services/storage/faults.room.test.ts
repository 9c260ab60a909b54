import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StorageUnderTest, startStorage } from './testing/storage-under-test.ts';

const parallel = Number(process.env.STORAGE_TEST_PARALLEL ?? 100);
let storage: StorageUnderTest;
/** The same, but with a short patience. */
let impatient: StorageUnderTest;

beforeAll(async () => {
  // Nothing is kept open for the next reader, so that what is open is somebody's.
  const keptOpen = { STORAGE_OPEN_FILES: '0' };
  storage = await startStorage({ ...keptOpen, DATABASE_CONNECTION_TIMEOUT: '60s' });
  impatient = await startStorage(
    { ...keptOpen, STORAGE_IDLE_TIMEOUT: '1s' },
    { db: storage.db, folder: storage.folder },
  );
  await storage.request('POST', '/bucket', { body: { name: 'b' } });
});
afterAll(async () => {
  await impatient.stop();
  await storage.stop();
});

const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 20_000 });

const incoming = () => readdirSync(join(storage.folder, 'stub', '.incoming'));
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(storage.folder);
    } catch {
      return false;
    }
  });
const announced = async () =>
  (await storage.db.query(`select version from _pmoves.storage_versions where due is not null`)).length;

/** A request by hand, of which only a part is sent. */
function send(to: StorageUnderTest, head: string, headers: Record<string, string>, body: Buffer): Socket {
  const { hostname, port } = new URL(to.url);
  const socket = connect(Number(port), hostname);
  const lines = [
    head,
    `host: ${hostname}`,
    `authorization: Bearer ${to.serviceKey}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  socket.on('error', () => {});
  return socket;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk.toString();
  return text;
}

const nothingIsLeft = async () => {
  await eventually(incoming).toEqual([]);
  await eventually(openFiles).toEqual([]);
  await eventually(announced).toBe(0);
};

describe('a client that goes away', () => {
  it.each([
    ['in the middle of an upload', { 'content-type': 'text/plain', 'content-length': '100000' }, Buffer.alloc(1_000)],
    [
      'in the middle of a form’s file',
      { 'content-type': 'multipart/form-data; boundary=x', 'content-length': '100000' },
      Buffer.from('--x\r\ncontent-disposition: form-data; name=""; filename="f"\r\n\r\nsome bytes'),
    ],
    [
      'in the middle of a form’s head',
      { 'content-type': 'multipart/form-data; boundary=x', 'content-length': '100000' },
      Buffer.from('--x\r\ncontent-disposition: form-data; name="cacheControl"\r\n\r\n36'),
    ],
    [
      'in the middle of a chunk',
      { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
      Buffer.from('ffff\r\nsome bytes'),
    ],
  ])('%s leaves nothing', async (_what, headers, body) => {
    const socket = send(storage, 'POST /object/b/aborted HTTP/1.1', headers, body);
    // Until the server has begun.
    if (headers['content-type'] === 'text/plain') await eventually(incoming).toHaveLength(1);
    socket.destroy();
    await nothingIsLeft();
    expect((await storage.request('GET', '/object/b/aborted')).body).toMatchObject({ statusCode: '404' });
  });

  it('or stops taking a download, holds nothing', async () => {
    const size = 20_000_000;
    await storage.request('POST', '/object/b/large', { body: Buffer.alloc(size) });
    for (const leave of [true, false]) {
      const socket = send(leave ? storage : impatient, 'GET /object/b/large HTTP/1.1', {}, Buffer.alloc(0));
      await new Promise((resolve) => socket.once('readable', resolve));
      await eventually(openFiles).toHaveLength(1);
      if (leave) socket.destroy();
      // Who takes nothing for a while is let go.
      await eventually(openFiles).toEqual([]);
      socket.destroy();
    }
  });
});

describe('a client that stops sending', () => {
  const upload = { 'content-type': 'text/plain', 'content-length': '100000' };

  it('is told so, and nothing is left of it', async () => {
    const answer = await textOf(send(impatient, 'POST /object/b/silent HTTP/1.1', upload, Buffer.alloc(1_000)));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/connection: close/i);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ statusCode: '408', code: 'RequestTimeout' });
    await nothingIsLeft();
  });

  it('has no connection to the database meanwhile', async () => {
    const socket = send(storage, 'POST /object/b/silent HTTP/1.1', upload, Buffer.alloc(1_000));
    await eventually(incoming).toHaveLength(1);
    const busy = await storage.db.query(
      `select state from pg_stat_activity where usename = 'supabase_storage_admin' and state like 'idle in%'
         and datname = current_database()`,
    );
    expect(busy).toEqual([]);
    socket.destroy();
    await nothingIsLeft();
  });

  it('in a form is told so', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x', 'content-length': '100000' };
    const socket = send(impatient, 'POST /object/b/silent HTTP/1.1', headers, Buffer.from('--x\r\n'));
    expect(await textOf(socket)).toContain('"statusCode":"408"');
    await nothingIsLeft();
  });

  it('in a resumable upload goes on later with what was received', async () => {
    const tus = { authorization: `Bearer ${storage.serviceKey}`, 'tus-resumable': '1.0.0' };
    const made = await fetch(`${impatient.url}/upload/resumable`, {
      method: 'POST',
      headers: {
        ...tus,
        'upload-length': '10',
        'upload-metadata': `bucketName ${btoa('b')},objectName ${btoa('resumed')}`,
      },
    });
    const location = made.headers.get('location') as string;
    const patch = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream', 'content-length': '10' };
    const socket = send(
      impatient,
      `PATCH ${new URL(location).pathname} HTTP/1.1`,
      { 'tus-resumable': '1.0.0', ...patch },
      Buffer.from('01234'),
    );
    const answer = await textOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    const head = await fetch(location, { method: 'HEAD', headers: tus });
    expect(head.headers.get('upload-offset')).toBe('5');
    const rest = await fetch(location, {
      method: 'PATCH',
      headers: { ...tus, 'upload-offset': '5', 'content-type': 'application/offset+octet-stream' },
      body: '56789',
    });
    expect([rest.status, rest.headers.get('tus-complete')]).toEqual([204, '1']);
    expect((await storage.request('GET', '/object/b/resumed')).text).toBe('0123456789');
    await nothingIsLeft();
  });
});

describe(`${parallel} uploads to one name at a time`, () => {
  const bodies = Array.from({ length: parallel }, (_unused, index) =>
    Buffer.concat([Buffer.from(`${index} `), randomBytes(2_000)]),
  );
  const all = (method: string, name: string) =>
    Promise.all(
      bodies.map((body) =>
        storage.request(method, `/object/b/${name}`, { body, headers: { 'content-type': 'text/plain' } }),
      ),
    );
  const digest = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
  const current = async (name: string) => {
    const answer = await fetch(`${storage.url}/object/b/${name}`, {
      headers: { authorization: `Bearer ${storage.serviceKey}` },
    });
    const found = digest(Buffer.from(await answer.arrayBuffer()));
    expect(answer.headers.get('etag')).toBe(`"${found}"`);
    return found;
  };
  const kept = (name: string) =>
    storage.db.query(`select version from _pmoves.storage_versions where name = $1 and due is null`, [name]);

  it('has one winner where the name is new, and everybody else is told so', async () => {
    const answers = await all('POST', 'new');
    const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []));
    expect(winners).toHaveLength(1);
    const others = new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error));
    expect([...others]).toEqual(parallel > 1 ? ['Duplicate'] : []);
    expect(await current('new')).toBe(digest(bodies[winners[0] as number] as Buffer));
    expect(await kept('new')).toHaveLength(1);
    await nothingIsLeft();
  }, 120_000);

  it('ends with one whole content where they overwrite', async () => {
    const answers = await all('PUT', 'over');
    const acknowledged = answers.flatMap(({ status }, index) =>
      status === 200 ? [digest(bodies[index] as Buffer)] : [],
    );
    // Others may have waited for their turn too long; nobody gets another answer.
    const refused = answers.filter(({ status }) => status !== 200).map(({ body }) => body.error);
    expect(refused.filter((error) => !['acquiring_lock_timeout', 'DatabaseTimeout'].includes(error))).toEqual([]);
    expect(acknowledged).toContain(await current('over'));
    expect(await kept('over')).toHaveLength(1);
    expect(incoming()).toEqual([]);
  }, 120_000);
});
