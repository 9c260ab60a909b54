import net, { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Bytes that are read at once. */
const size = 64 * 1024;

/**
 * The memory that sockets read into. There is one for all sockets of a pooler: what was read is passed on before the next
 * read, and a buffer of its own for each of them would cost more time than the rest of passing it on.
 */
export class ReadBuffer {
  current: Buffer = Buffer.allocUnsafeSlow(size);

  /** Somebody still needs what is in it; reading goes on in another one. */
  replace(): void {
    this.current = Buffer.allocUnsafeSlow(size);
  }

  /** Writes bytes that may lie in the buffer. @returns false while the socket is full */
  write(socket: Socket, bytes: Buffer): boolean {
    const open = socket.write(bytes);
    // What the system did not take at once stays where it is until it does.
    if (socket.writableLength > 0) this.replace();
    return open;
  }
}

/** The part of a socket's inside that is used here. */
interface Inside {
  _handle?: object | null;
}

/**
 * Reads a paused socket from now on into the shared buffer; what `receive` gets is valid only until it returns. Node lets
 * a socket have such a buffer only when it is made, so the connection moves to a new socket; listeners have to be added to
 * that one. Where this is not possible (TLS), or Node has changed, reading goes on as usual.
 *
 * @returns the socket to use from now on, paused
 */
export function readInto(socket: Socket, buffer: ReadBuffer, receive: (bytes: Buffer) => void): Socket {
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
      buffer: () => buffer.current,
      callback: (length: number) => {
        receive(buffer.current.subarray(0, length));
        return true;
      },
    },
  };
  const moved = new net.Socket(options as unknown as net.SocketConstructorOpts);
  if (before) process.nextTick(receive, before);
  return moved;
}
