import type { Lendable } from '../core/lending.ts';
import { PreparedThere } from '../core/prepared-statements.ts';
import type { ParameterSets, SessionParameters } from '../core/session-parameters.ts';
import { Channel } from './channel.ts';
import type { LinkedClient } from './link.ts';
import { errorFields, queryMessage, terminate } from './messages.ts';
import type { SocketIo } from './native-streams.ts';
import type { ServerAddress, ServerSession } from './server-login.ts';

/** What a server connection reports. */
export interface ServerEvents {
  readonly lost: (server: PooledServer) => void;
  /** Bytes read from the server. */
  readonly received: (bytes: number) => void;
  readonly sets: ParameterSets;
  readonly now: () => number;
  readonly io: SocketIo;
}

const letter = { error: 0x45, ready: 0x5a, parameter: 0x53, complete: 0x43, notification: 0x41, data: 0x44 };
const isObserved = letterTable('1', '3', 'C', 'E', 'G', 'S', 'Z', 'A');

/**
 * A connection of a pool. It finds the boundaries of what the server sends and hands the bytes on as they were received;
 * only messages that concern the bookkeeping are looked into.
 */
export class PooledServer implements Lendable {
  readonly address: ServerAddress;
  readonly pid: number;
  readonly secret: Buffer;
  readonly #channel: Channel;
  readonly #events: ServerEvents;
  readonly statements = new PreparedThere();
  readonly openedAt: number;
  idleSince: number;
  parameters: SessionParameters;
  /** Whose unnamed statement is on the connection. */
  unnamedOwner: LinkedClient | undefined;
  /** Cancel requests under way; until they are through, nobody else may get the connection. */
  cancelling = 0;
  retired = false;
  #client: LinkedClient | undefined;
  #own: { error: Map<string, string> | undefined; done: (error?: Map<string, string>) => void } | undefined;
  /** Beginning of a message whose end has not come. */
  #held: Buffer | undefined;
  /** Bytes of a message under way that are still to come. */
  #skip = 0;
  #skipDelivers = true;
  #closed = false;

  constructor(session: ServerSession, events: ServerEvents) {
    this.address = session.address;
    this.pid = session.pid;
    this.secret = session.secret;
    this.#events = events;
    this.parameters = events.sets.of(session.parameters);
    this.openedAt = events.now();
    this.idleSince = this.openedAt;
    this.#channel = new Channel(session.socket, events.io, {
      received: (bytes) => this.#read(bytes),
      drained: () => this.onDrain?.(),
      closed: () => this.#ended(),
    });
    if (session.rest.length > 0) this.#read(session.rest);
    this.#channel.resume();
  }

  /** Called when the socket takes more after `write` returned false. */
  onDrain: (() => void) | undefined;

  get usable(): boolean {
    return !this.#closed && !this.retired && this.cancelling === 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Connects it with a client, or with nobody. */
  link(client: LinkedClient | undefined): void {
    this.#client = client;
    this.onDrain = undefined;
    if (!client) this.idleSince = this.#events.now();
  }

  /** @returns false while the socket is full */
  write(bytes: Buffer): boolean {
    return this.#channel.write(bytes);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Runs statements of our own, whose answers nobody sees. @param done with the fields of an error, if there was one */
  run(sql: string, done: (error?: ReadonlyMap<string, string>) => void): void {
    this.unnamedOwner = undefined;
    this.#own = { error: undefined, done };
    this.#channel.write(queryMessage(sql));
  }

  /** Ends it in good order. */
  close(): void {
    if (this.#closed) return;
    this.retired = true;
    this.#channel.end(terminate());
  }

  destroy(): void {
    this.retired = true;
    this.#channel.destroy();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    const own = this.#own;
    this.#own = undefined;
    own?.done(new Map([['M', 'the connection to the server was lost']]));
    const client = this.#client;
    this.#client = undefined;
    this.#events.lost(this);
    client?.serverLost(this);
  }

  #read(chunk: Buffer): void {
    this.#events.received(chunk.length);
    let bytes = chunk;
    if (this.#held) {
      bytes = Buffer.concat([this.#held, chunk]);
      this.#held = undefined;
    }
    const end = bytes.length;
    let at = 0;
    let from = 0;
    if (this.#skip > 0) {
      const take = Math.min(this.#skip, end);
      this.#skip -= take;
      at = take;
      if (!this.#skipDelivers) from = take;
    }
    while (at < end) {
      if (end - at < 5) break;
      const type = bytes[at] as number;
      const total = 1 + bytes.readUInt32BE(at + 1);
      if (isObserved[type] === 1) {
        if (end - at < total) break;
        const verdict = this.#observe(bytes, type, at, total);
        if (verdict !== 'deliver') {
          if (at > from) this.#deliver(bytes, from, at);
          if (verdict !== 'withhold') this.#client?.deliver(verdict);
          from = at + total;
        }
        at += total;
        if (type === letter.ready) {
          if (at > from) this.#deliver(bytes, from, at);
          from = at;
          this.#ready(bytes[at - 1] as number);
        }
        continue;
      }
      const isOurs = this.#own !== undefined || this.#client === undefined;
      if (isOurs) {
        if (at > from) this.#deliver(bytes, from, at);
        from = Math.min(at + total, end);
      }
      if (end - at < total) {
        this.#skip = total - (end - at);
        this.#skipDelivers = !isOurs;
        at = end;
      } else at += total;
    }
    if (at > from) this.#deliver(bytes, from, at);
    if (at < end) this.#held = Buffer.from(bytes.subarray(at));
  }

  #deliver(bytes: Buffer, from: number, to: number): void {
    const client = this.#client;
    if (!client) return;
    const part = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
    if (!client.deliver(part)) this.#channel.pause();
  }

  #observe(bytes: Buffer, type: number, at: number, total: number): 'deliver' | 'withhold' | Buffer {
    if (type === letter.parameter) this.#track(bytes, at, total);
    const own = this.#own;
    if (own) {
      if (type === letter.error) own.error = errorFields(bytes.subarray(at + 5, at + total));
      return type === letter.parameter && this.#client ? 'deliver' : 'withhold';
    }
    if (type === letter.complete && bytes[at + 5] === letter.data) this.#forgetStatements(bytes, at, total);
    const client = this.#client;
    if (!client) {
      // An error nobody asked for is the server's farewell.
      if (type === letter.error) this.retired = true;
      return 'withhold';
    }
    return client.observe(bytes, at, total);
  }

  #track(bytes: Buffer, at: number, total: number): void {
    const nameEnd = bytes.indexOf(0, at + 5);
    const name = bytes.toString('utf8', at + 5, nameEnd);
    const value = bytes.toString('utf8', nameEnd + 1, at + total - 1);
    const next = this.#events.sets.with(this.parameters, name, value);
    if (next === this.parameters) return;
    this.parameters = next;
    this.#client?.parametersChanged(next);
  }

  // DISCARD ALL and DEALLOCATE ALL leave no statement behind.
  #forgetStatements(bytes: Buffer, at: number, total: number): void {
    const tag = bytes.toString('latin1', at + 5, at + total - 1);
    if (tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL') this.statements.clear();
  }

  #ready(status: number): void {
    const own = this.#own;
    if (own) {
      this.#own = undefined;
      own.done(own.error);
      return;
    }
    this.#client?.settled(status);
  }
}

function letterTable(...letters: readonly string[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const each of letters) table[each.charCodeAt(0)] = 1;
  return table;
}
