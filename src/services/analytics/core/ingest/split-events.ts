import { parseEvents } from '#kernel/log';

/** Takes a body apart into its events as it comes. */
export interface EventSplitter {
  /** @throws SyntaxError for what is no JSON */
  push(chunk: Buffer): void;
  /** The body is complete. @throws SyntaxError */
  end(): void;
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const [openArray, closeArray] = [0x5b, 0x5d];
const [openObject, closeObject] = [0x7b, 0x7d];

const isBlank = (byte: number): boolean => byte === space || (byte >= 9 && byte <= 13 && byte !== 11 && byte !== 12);

/**
 * Splits the items of a JSON array, so that neither the body nor all of its events are in memory at once. What does not begin
 * as an array is kept and taken for one event, a batch, or lines (see `parseEvents`).
 *
 * @param take hears each event
 */
export function createEventSplitter(take: (event: unknown) => void): EventSplitter {
  let mode: 'unknown' | 'items' | 'after' | 'whole' = 'unknown';
  /** Of an item that is not complete, or of the whole body. */
  let kept: Buffer[] = [];
  let depth = 0;
  let inText = false;
  let isEscaped = false;
  let items = 0;

  function item(chunk: Buffer, from: number, to: number, isFinal: boolean): void {
    const text =
      kept.length === 0
        ? chunk.toString('utf8', from, to)
        : Buffer.concat([...kept, chunk.subarray(from, to)]).toString('utf8');
    kept = [];
    // An empty array has no item.
    if (isFinal && items === 0 && text.trim() === '') return;
    items++;
    take(JSON.parse(text));
  }

  function split(chunk: Buffer, start: number): void {
    // Each byte comes by here: variables of this function are what is fast.
    const { length } = chunk;
    let from = start;
    let at = start;
    let level = depth;
    let isText = inText;
    if (isEscaped) {
      isEscaped = false;
      at++;
    }
    while (at < length) {
      let byte = chunk[at++] as number;
      if (isText) {
        while (byte !== quote && byte !== backslash && at < length) byte = chunk[at++] as number;
        if (byte === quote) isText = false;
        else if (byte === backslash) {
          isEscaped = at === length;
          at++;
        }
      } else if (byte === quote) isText = true;
      else if (byte === openArray || byte === openObject) level++;
      else if (byte === comma && level === 0) {
        item(chunk, from, at - 1, false);
        from = at;
      } else if ((byte === closeArray || byte === closeObject) && level-- === 0) {
        if (byte === closeObject) throw new SyntaxError('a brace too many');
        item(chunk, from, at - 1, true);
        mode = 'after';
        expectBlank(chunk, at);
        return;
      }
    }
    depth = level;
    inText = isText;
    // What the chunk belongs to is used again; a part that is waited for has to be its own.
    kept.push(Buffer.from(chunk.subarray(from)));
  }

  return {
    push(chunk) {
      if (mode === 'items') return split(chunk, 0);
      if (mode === 'after') return expectBlank(chunk, 0);
      if (mode === 'unknown') {
        const at = chunk.findIndex((byte) => !isBlank(byte));
        if (at >= 0) mode = chunk[at] === openArray ? 'items' : 'whole';
        if (mode === 'items') return split(chunk, at + 1);
      }
      kept.push(chunk);
    },
    end() {
      if (mode === 'items') throw new SyntaxError('the array does not end');
      if (mode === 'after') return;
      const events = parseEvents(Buffer.concat(kept).toString('utf8'));
      if (!events) throw new SyntaxError('no events');
      for (const event of events) take(event);
    },
  };
}

function expectBlank(chunk: Buffer, from: number): void {
  for (let at = from; at < chunk.length; at++)
    if (!isBlank(chunk[at] as number)) throw new SyntaxError('something comes after the array');
}
