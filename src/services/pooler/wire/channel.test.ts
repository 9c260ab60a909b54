import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Channel } from './channel.ts';
import { createSocketIo, passOn, type SocketIo } from './native-streams.ts';

async function connectedPair(): Promise<{ readonly near: Socket; readonly far: Socket; close(): void }> {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  if (far.connecting) await once(far, 'connect');
  return {
    near,
    far,
    close: () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

/** Sends back what it gets, and stops reading while that has not gone out. */
function echo(
  socket: Socket,
  io: SocketIo,
): { readonly channel: Channel; readonly ended: Promise<void>; pauses: number } {
  const made = { pauses: 0 } as { channel: Channel; ended: Promise<void>; pauses: number };
  made.ended = new Promise((resolve) => {
    made.channel = new Channel(socket, io, {
      received: (bytes) => {
        if (made.channel.write(bytes)) return;
        made.pauses++;
        made.channel.pause();
      },
      drained: () => made.channel.resume(),
      closed: resolve,
    });
  });
  made.channel.resume();
  return made;
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('Node gives its binding away', () => {
  expect(createSocketIo().native).toBeDefined();
});

test.each([true, false])(
  'bytes come back as they were, in order, past a reader who stops (direct: %s)',
  async (isDirect) => {
    const io = createSocketIo(isDirect);
    const { near, far, close } = await connectedPair();
    const { near: otherNear, far: otherFar, close: closeOther } = await connectedPair();
    const slow = echo(near, io);
    const other = echo(otherNear, io);
    const sent = randomBytes(48 * 1024 * 1024);
    far.pause();
    far.end(sent);
    while (slow.pauses === 0) await new Promise((resolve) => setImmediate(resolve));
    // Somebody else reads into the same memory while the first one's bytes wait.
    otherFar.write(randomBytes(100_000));
    let got = 0;
    for await (const chunk of otherFar) {
      got += (chunk as Buffer).length;
      if (got === 100_000) break;
    }
    const back: Buffer[] = [];
    far.on('data', (chunk) => void back.push(chunk as Buffer));
    far.resume();
    await once(far, 'end');
    expect(digest(Buffer.concat(back))).toBe(digest(sent));
    far.destroy();
    otherFar.destroy();
    await Promise.all([slow.ended, other.ended]);
    close();
    closeOther();
  },
);

test.each([true, false])(
  'what is written before the end goes out, and nothing after it (direct: %s)',
  async (isDirect) => {
    const { near, far, close } = await connectedPair();
    // Written by the stream before the channel is made.
    near.write('a');
    const { channel, ended } = echo(near, createSocketIo(isDirect));
    channel.write(Buffer.from('b'));
    channel.end(Buffer.from('c'));
    channel.write(Buffer.from('d'));
    let text = '';
    for await (const chunk of far) text += chunk;
    expect(text).toBe('abc');
    far.destroy();
    await ended;
    close();
  },
);

test('what was read before the channel was made comes first', async () => {
  const { near, far, close } = await connectedPair();
  far.write('early ');
  near.once('readable', () => {});
  while (near.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
  echo(near, createSocketIo());
  far.write('late');
  let text = '';
  for await (const chunk of far) {
    text += chunk;
    if (text.length === 10) break;
  }
  expect(text).toBe('early late');
  close();
});

test('lengths around those where copying changes', () => {
  const io = createSocketIo();
  randomBytes(65_536).copy(io.memory.bytes);
  for (const length of [1, 3, 4, 5, 1_023, 1_024, 1_025, 65_536])
    expect(passOn(io, length).equals(io.memory.bytes.subarray(0, length)), String(length)).toBe(true);
});
