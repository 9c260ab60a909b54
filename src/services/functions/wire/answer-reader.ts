/** What becomes of the bytes of an answer. */
export interface AnswerSink {
  /** @param isSized its length is known from the headers */
  onHead(status: number, headers: string[], isSized: boolean): void;
  /** @param isLast nothing comes after this */
  onData(chunk: Buffer, isLast: boolean): void;
  onEnd(): void;
}

type State = 'idle' | 'head' | 'sized' | 'size' | 'chunk' | 'border' | 'trailers' | 'unbounded';

/** Headers that belong to one connection (RFC 9110 §7.6.1). `expect` was answered by whoever listens. */
export const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Bytes of a head, or of all trailers, at most. */
const longestHead = 65_536;

/** Bytes of the line before a chunk at most. */
const longestSize = 1_024;

/**
 * Reads the answers on one connection (RFC 9112 §6). Of headers only those that may be given on come out, unchanged;
 * chunks come out without their framing.
 */
export class AnswerReader {
  /** Whether the connection may carry another request after this answer. */
  isReusable = false;
  /** Milliseconds the peer keeps the connection for, where it says so. */
  keptFor: number | undefined;
  readonly #sink: AnswerSink;
  #state: State = 'idle';
  #held: Buffer | undefined;
  #left = 0;
  #isBodiless = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Whether no answer is expected. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Expects an answer. @param isBodiless it has no body whatever its headers say: that of HEAD */
  begin(isBodiless: boolean): void {
    this.#state = 'head';
    this.#isBodiless = isBodiless;
    this.isReusable = false;
  }

  /** Takes what came, cut anywhere. @throws Error when it is no answer */
  write(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#step(rest);
  }

  /** Nothing more will come. @returns whether that is an answer's proper end */
  finish(): boolean {
    if (this.#state !== 'unbounded') return false;
    this.#end();
    return true;
  }

  #step(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'head': {
        const [text, rest] = this.#upTo('\r\n\r\n', bytes, longestHead);
        if (text !== undefined) this.#readHead(text);
        return rest;
      }
      case 'sized':
        return this.#take(bytes);
      case 'unbounded':
        this.#sink.onData(bytes, false);
        return nothing;
      case 'size': {
        const [text, rest] = this.#upTo('\r\n', bytes, longestSize);
        if (text !== undefined) this.#readSize(text);
        return rest;
      }
      case 'chunk':
        return this.#take(bytes);
      case 'border': {
        const [text, rest] = this.#upTo('\r\n', bytes, 2);
        if (text === undefined) return rest;
        if (text !== '') throw new Error('a chunk is longer than it says');
        this.#state = 'size';
        return rest;
      }
      case 'trailers': {
        const [text, rest] = this.#upTo('\r\n', bytes, this.#left);
        if (text === '') this.#end();
        else if (text !== undefined) this.#left -= text.length + 2;
        return rest;
      }
      default:
        throw new Error('bytes came that belong to no answer');
    }
  }

  /** Text up to a mark, and what is behind it; all is held back until the mark comes. */
  #upTo(mark: string, bytes: Buffer, longest: number): [string | undefined, Buffer] {
    const all = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    const at = all.indexOf(mark, 0, 'latin1');
    if (at > longest || (at < 0 && all.length > longest + mark.length))
      throw new Error('an answer has more in one line or head than is allowed');
    this.#held = at < 0 ? all : undefined;
    return at < 0 ? [undefined, nothing] : [all.toString('latin1', 0, at), all.subarray(at + mark.length)];
  }

  #readHead(text: string): void {
    const lines = text.split('\r\n');
    const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(lines[0] as string) ?? [];
    if (code === undefined) throw new Error('an answer does not begin with a status line');
    const status = Number(code);
    // What comes before the answer, such as 103, is between the worker and us.
    if (status < 200 && status !== 101) return;
    if (status === 101) throw new Error('nobody asked for another protocol');
    this.isReusable = minor === '1';
    this.keptFor = undefined;
    let length: number | undefined;
    let coding: string | undefined;
    const headers: string[] = [];
    for (let index = 1; index < lines.length; index++) {
      const line = lines[index] as string;
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error('a header has no name');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      const lower = name.toLowerCase();
      if (lower === 'content-length') length = lengthOf(value, length);
      else if (lower === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`;
      else if (lower === 'connection') this.isReusable &&= !/(^|,)\s*close\s*(,|$)/i.test(value);
      else if (lower === 'keep-alive') this.keptFor = keptFor(value);
      if (!connectionHeaders.has(lower)) headers.push(name, value);
    }
    // One of them would be believed by somebody else.
    if (length !== undefined && coding !== undefined) throw new Error('an answer has two lengths');
    this.#begin(status, headers, length, coding);
  }

  #begin(status: number, headers: string[], length: number | undefined, coding: string | undefined): void {
    const isEmpty = this.#isBodiless || status === 204 || status === 304;
    this.#sink.onHead(status, headers, isEmpty || length !== undefined);
    if (isEmpty || length === 0) this.#end();
    else if (coding?.toLowerCase() === 'chunked') this.#state = 'size';
    else if (length !== undefined) {
      this.#state = 'sized';
      this.#left = length;
    } else {
      this.#state = 'unbounded';
      this.isReusable = false;
    }
  }

  #readSize(text: string): void {
    const digits = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(text)?.[1];
    if (digits === undefined) throw new Error('a chunk does not say its size');
    this.#left = Number.parseInt(digits, 16);
    this.#state = 'chunk';
    if (this.#left > 0) return;
    this.#state = 'trailers';
    this.#left = longestHead;
  }

  #take(bytes: Buffer): Buffer {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    const isWhole = this.#left === 0;
    const isLast = isWhole && this.#state === 'sized';
    if (isWhole && !isLast) this.#state = 'border';
    this.#sink.onData(part, isLast);
    if (isLast) this.#end();
    return part === bytes ? nothing : bytes.subarray(part.length);
  }

  #end(): void {
    this.#state = 'idle';
    this.#sink.onEnd();
  }
}

const nothing = Buffer.alloc(0);

function lengthOf(value: string, before: number | undefined): number {
  if (!/^\d{1,15}$/.test(value) || (before !== undefined && before !== Number(value)))
    throw new Error('an answer does not say its length');
  return Number(value);
}

function keptFor(value: string): number | undefined {
  const seconds = /(?:^|,)\s*timeout=(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}
