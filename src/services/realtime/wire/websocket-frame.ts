/** A whole, unmasked WebSocket text frame (RFC 6455 §5.2). The same bytes are right for every client. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const size = headerSize(length);
  const frame = Buffer.allocUnsafe(size + length);
  writeHeader(frame, 0x81, length);
  frame.write(text, size);
  return frame;
}

/** A whole, unmasked WebSocket binary frame of two parts. */
export function binaryFrame(head: Buffer, body: Buffer): Buffer {
  const length = head.length + body.length;
  const size = headerSize(length);
  const frame = Buffer.allocUnsafe(size + length);
  writeHeader(frame, 0x82, length);
  head.copy(frame, size);
  body.copy(frame, size + head.length);
  return frame;
}

/** What a whole frame carries, and whether it is text. For transports that make frames themselves. */
export function unframe(frame: Buffer): { readonly payload: Buffer; readonly binary: boolean } {
  const mark = frame[1] as number;
  const size = mark < 126 ? 2 : mark === 126 ? 4 : 10;
  return { payload: frame.subarray(size), binary: frame[0] === 0x82 };
}

const headerSize = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

function writeHeader(frame: Buffer, first: number, length: number): void {
  frame[0] = first;
  if (length < 126) frame[1] = length;
  else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
}
