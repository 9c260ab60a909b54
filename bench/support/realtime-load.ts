import { connect, type Socket } from 'node:net';

// Clients of a realtime server in a process of their own. Takes one order after the other by IPC; does as little work for
// a frame as can be, so that the server is what is measured.

/** What to do. */
export type Order =
  /** Opens sockets that join a room each of `members`, and keeps them. */
  | {
      readonly kind: 'open';
      readonly host: string;
      readonly port: number;
      /** Path and query of the handshake; `{room}` is replaced by the number of the socket's room. */
      readonly path: string;
      readonly sockets: number;
      readonly members: number;
      /** Without it nothing is sent after the handshake. */
      readonly join: boolean;
    }
  /** The first socket of each room sends; the others count. */
  | {
      readonly kind: 'load';
      /** Messages a second of each room; 0: the next when all have got the last `window`. */
      readonly perSecond: number;
      readonly window: number;
      readonly bytes: number;
      readonly milliseconds: number;
    }
  | { readonly kind: 'close' };

/** What came of it. */
export interface Outcome {
  readonly deliveries: number;
  readonly expected: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

interface Room {
  readonly topic: string;
  readonly sockets: Socket[];
  outstanding: number;
}

const rooms: Room[] = [];
let onDelivery: ((room: Room, sentAt: number) => void) | undefined;
let onJoined: (() => void) | undefined;
let payloadBytes = 0;

function open({ host, port, path, sockets, members, join }: Order & { kind: 'open' }): Promise<void> {
  let opened = 0;
  let started = 0;
  return new Promise((resolve, reject) => {
    const done = () => {
      opened++;
      if (opened === sockets) resolve();
      else next();
    };
    onJoined = done;
    const next = () => {
      if (started >= sockets) return;
      const index = started++;
      const number = Math.floor(index / members);
      const room = rooms[number] ?? { topic: `realtime:room ${number}`, sockets: [], outstanding: 0 };
      rooms[number] = room;
      const socket = connect(port, host);
      room.sockets.push(socket);
      socket.setNoDelay(true);
      socket.on('error', reject);
      let rest: Buffer | undefined;
      let isOpen = false;
      socket.on('connect', () =>
        socket.write(
          `GET ${path.replace('{room}', String(number))} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
        ),
      );
      socket.on('data', (chunk: Buffer) => {
        let data = rest ? Buffer.concat([rest, chunk]) : chunk;
        rest = undefined;
        if (!isOpen) {
          const end = data.indexOf('\r\n\r\n');
          if (end < 0) {
            rest = data;
            return;
          }
          if (data.toString('latin1', 9, 12) !== '101') {
            reject(new Error(data.toString('latin1', 0, 300)));
            return;
          }
          isOpen = true;
          data = data.subarray(end + 4);
          if (join) socket.write(masked(1, Buffer.from(`["1","1","${room.topic}","phx_join",{"config":{}}]`)));
          else done();
        }
        rest = frames(room, data);
      });
    };
    for (let at = 0; at < 200; at++) next();
  });
}

/** Reads whole frames. @returns what is left */
function frames(room: Room, data: Buffer): Buffer | undefined {
  let at = 0;
  while (data.length - at >= 2) {
    const mark = data[at + 1] as number;
    const header = mark < 126 ? 2 : mark === 126 ? 4 : 10;
    if (data.length - at < header) break;
    const length = mark < 126 ? mark : mark === 126 ? data.readUInt16BE(at + 2) : data.readUInt32BE(at + 6);
    const end = at + header + length;
    if (data.length < end) break;
    if (data[at] === 0x82) onDelivery?.(room, data.readDoubleBE(end - payloadBytes));
    else if (data[at] === 0x81) onJoined?.();
    at = end;
  }
  return at < data.length ? Buffer.from(data.subarray(at)) : undefined;
}

/** A client's frame; the mask is zero, which leaves the bytes as they are. */
function masked(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(header + 4 + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) frame[1] = 0x80 | length;
  else if (length < 65_536) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeUInt32BE(length, 6);
  }
  payload.copy(frame, header + 4);
  return frame;
}

/** Kind 3 of protocol 2 with raw bytes: the time, and filling. */
function message(topic: string, bytes: number): Buffer {
  const parts = ['1', '2', topic, 'e', ''].map((part) => Buffer.from(part));
  const payload = Buffer.alloc(bytes);
  payload.writeDoubleBE(performance.timeOrigin + performance.now(), 0);
  return masked(2, Buffer.concat([Buffer.from([3, ...parts.map(({ length }) => length), 0]), ...parts, payload]));
}

async function load({ perSecond, window, bytes, milliseconds }: Order & { kind: 'load' }): Promise<Outcome> {
  payloadBytes = bytes;
  const latencies: number[] = [];
  let deliveries = 0;
  let expected = 0;
  const ends = performance.now() + milliseconds;
  const send = (room: Room) => {
    const others = room.sockets.length - 1;
    room.outstanding += others;
    expected += others;
    room.sockets[0]?.write(message(room.topic, bytes));
  };
  onDelivery = (room, sentAt) => {
    deliveries++;
    if (deliveries % 7 === 0) latencies.push(performance.timeOrigin + performance.now() - sentAt);
    room.outstanding--;
    const others = room.sockets.length - 1;
    if (perSecond === 0 && room.outstanding <= (window - 1) * others && performance.now() < ends) send(room);
  };
  const began = performance.now();
  if (perSecond === 0) for (const room of rooms) for (let count = 0; count < window; count++) send(room);
  else
    for (let tick = 0; performance.now() < ends; tick++) {
      const due = began + (tick * 1_000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      for (const room of rooms) send(room);
    }
  while (performance.now() < ends || (deliveries < expected && performance.now() < ends + 3_000))
    await new Promise((resolve) => setTimeout(resolve, 10));
  const elapsed = performance.now() - began;
  onDelivery = undefined;
  for (const room of rooms) room.outstanding = 0;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return {
    deliveries,
    expected,
    perSecond: (deliveries / elapsed) * 1_000,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
  };
}

process.on('message', (order: Order) => {
  const work =
    order.kind === 'open'
      ? open(order)
      : order.kind === 'load'
        ? load(order)
        : Promise.resolve().then(() => {
            for (const { sockets } of rooms.splice(0)) for (const socket of sockets) socket.destroy();
          });
  work.then(
    (outcome) => process.send?.({ outcome }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
