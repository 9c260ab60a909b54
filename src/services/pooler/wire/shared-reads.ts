import net, { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Bytes that are read at once. */
const size = 64 * 1024;

/** The memory that all sockets of a pooler read into, before what came is put into a buffer of its length. */
export const createReadMemory = (): Buffer => Buffer.allocUnsafeSlow(size);

/** The part of a socket's inside that is used here. */
interface Inside {
  _handle?: object | null;
}

/**
 * Reads a paused socket from now on by way of shared memory, which costs half of what it costs Node to make a buffer of
 * 64 KiB for every read and cut it down. Node gives a socket such memory only when it is made, so the connection moves to
 * a new socket; listeners have to be added to that one. Where this is not possible (TLS), or Node has changed, reading
 * goes on as usual.
 *
 * @returns the socket to use from now on, paused
 */
export function readBy(memory: Buffer, socket: Socket, receive: (bytes: Buffer) => void): Socket {
  const inside = socket as unknown as Inside;
  const handle = inside._handle;
  // What has been read already was put by; it comes first.
  const before = socket.read() as Buffer | null;
  if (socket instanceof TLSSocket || !handle || socket.destroyed) {
    if (before) socket.unshift(before);
    socket.on('data', receive);
    return socket;
  }
  inside._handle = null;
  socket.removeAllListeners();
  const options = {
    handle,
    pauseOnCreate: true,
    readable: true,
    writable: true,
    onread: {
      buffer: memory,
      callback: (length: number) => {
        const bytes = Buffer.allocUnsafe(length);
        memory.copy(bytes, 0, 0, length);
        receive(bytes);
        return true;
      },
    },
  };
  const moved = new net.Socket(options as unknown as net.SocketConstructorOpts);
  if (before) process.nextTick(receive, before);
  return moved;
}
