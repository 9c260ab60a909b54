import type { Socket } from 'node:net';
import type { Borrower } from '../core/lending.ts';
import { nowhereName, serverNamePrefix } from '../core/prepared-statements.ts';
import { changeStatements, type SessionParameters } from '../core/session-parameters.ts';
import { statementCommand } from '../core/statement-command.ts';
import { poolerFatal } from '../errors.ts';
import { Channel } from './channel.ts';
import type { ClientContext } from './client-context.ts';
import { isClientLetter, letters } from './client-letters.ts';
import type { ClientStatements } from './client-statements.ts';
import type { LinkedClient, Verdict } from './link.ts';
import { errorFields, errorFromFields, errorMessage, message, queryMessage, type WireError } from './messages.ts';
import { type Action, Outstanding } from './outstanding.ts';
import type { PooledServer } from './pooled-server.ts';
import { accessOf, ReadRouting } from './read-routing.ts';
import { ServerRefusal } from './server-login.ts';
import type { ServerPool } from './server-pool.ts';

/** Bytes up to which a message is taken in whole before a server connection is asked for. */
const gathered = 64 * 1024;
const parseComplete = message('1');
const own: Action = { kind: 'own' };
const hidden: Action = { kind: 'hidden' };

/** Why reading stops in the middle of a chunk. */
type Halt = 'more' | 'wait' | 'leave' | 'ended';

/**
 * A client in transaction mode. What it sends is cut only where a message ends; the bytes go on as they were received,
 * but for messages that name a prepared statement.
 */
export class TransactionClient implements LinkedClient, Borrower<PooledServer> {
  readonly secret: Buffer;
  readonly #channel: Channel;
  readonly #pool: ServerPool;
  readonly #context: ClientContext;
  /** Whose connection it has or waits for. */
  #source: ServerPool;
  #routing: ReadRouting | undefined;
  parameters: SessionParameters;
  activeAt: number;
  #server: PooledServer | undefined;
  #outstanding: Outstanding | undefined;
  #statements: ClientStatements | undefined;
  #status = 0x49;
  /** What may not be sent on yet: it waits for a server connection. */
  #backlog: Buffer | undefined;
  /** Beginning of a message whose end has not come. */
  #held: Buffer | undefined;
  /** Bytes of a message under way that are still to come, and whether they go to the server. */
  #skip = 0;
  #skipForwards = true;
  #serverFull = false;
  #outputFull = false;
  #paused = false;
  #closed = false;
  #saidFatal = false;
  /** The client's last unnamed Parse, while a later Bind may need it. */
  #unnamed: { message: Buffer; kept: boolean; used: boolean } | undefined;
  #draining = false;
  /** It said goodbye; what it asked for before is still carried out. */
  #leaving = false;

  constructor(
    socket: Socket,
    pool: ServerPool,
    parameters: SessionParameters,
    secret: Buffer,
    context: ClientContext,
    rest: Buffer,
  ) {
    this.#pool = pool;
    this.#source = pool;
    this.parameters = parameters;
    this.secret = secret;
    this.#context = context;
    this.activeAt = context.now();
    this.#channel = new Channel(socket, context.io, {
      received: (bytes) => this.#read(bytes),
      drained: () => this.#drained(),
      closed: () => this.#ended(),
    });
    if (rest.length > 0) this.#read(rest);
    if (!this.#paused) this.#channel.resume();
  }

  get server(): PooledServer | undefined {
    return this.#server;
  }

  get isWaiting(): boolean {
    return this.#backlog !== undefined;
  }

  /** Linked, and the server has nothing to answer: it waits for the client inside a transaction. */
  get isIdleInTransaction(): boolean {
    return this.#server !== undefined && this.#backlog === undefined && this.#outstanding?.size === 0;
  }

  get isBusy(): boolean {
    return this.#server !== undefined && (this.#outstanding?.size ?? 0) > 0;
  }

  async cancel(): Promise<void> {
    if (this.#server && this.isBusy) await this.#source.cancel(this.#server);
  }

  /** Tells the client why, and ends the connection. */
  fail(error: WireError): void {
    if (this.#closed) return;
    if (!this.#saidFatal) this.#channel.write(errorMessage(error));
    this.#saidFatal = true;
    this.end();
  }

  /** Ends the connection once what was written has gone out. */
  end(): void {
    if (this.#closed) return;
    this.#channel.end();
    this.#ended();
  }

  /** Ends it now if it is between transactions, or at the end of the one it is in. */
  drain(error: WireError): void {
    this.#draining = true;
    if (!this.#server) this.fail(error);
  }

  // The socket

  #read(bytes: Buffer): void {
    this.activeAt = this.#context.now();
    this.#context.received(bytes.length);
    if (this.#closed) return;
    if (this.#backlog) this.#backlog = Buffer.concat([this.#backlog, bytes]);
    else this.#feed(bytes);
    this.#regulate();
  }

  #regulate(): void {
    const shouldPause = this.#backlog !== undefined || this.#serverFull || this.#outputFull;
    if (shouldPause === this.#paused) return;
    this.#paused = shouldPause;
    if (shouldPause) this.#channel.pause();
    else this.#channel.resume();
  }

  #drained(): void {
    this.#outputFull = false;
    this.#server?.resume();
    this.#regulate();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source.forget(this);
    const server = this.#server;
    if (server) {
      const busy = (this.#outstanding?.size ?? 0) > 0;
      this.#server = undefined;
      server.link(undefined);
      // What it has under way would go on to its end for nobody.
      if (busy && !this.#leaving) void this.#source.cancel(server).then(() => server.destroy());
      else server.close();
    }
    this.#outstanding?.abandon();
    this.#statements?.clear();
    this.#backlog = undefined;
    this.#held = undefined;
    this.#context.closed();
  }

  // From the client

  #feed(chunk: Buffer): void {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    const draft = this.#context.draft;
    draft.begin(bytes);
    const end = bytes.length;
    let at = 0;
    if (this.#skip > 0) {
      at = Math.min(this.#skip, end);
      this.#skip -= at;
      if (!this.#skipForwards) draft.replace(0, at);
    }
    let halt: Halt | undefined;
    while (at < end) {
      if (end - at < 5) {
        halt = 'more';
        break;
      }
      const type = bytes[at] as number;
      const length = bytes.readUInt32BE(at + 1);
      if (length < 4 || length > this.#context.maxMessage || !isClientLetter(type)) {
        this.fail(poolerFatal('protocol_violation'));
        return;
      }
      const total = length + 1;
      const there = Math.min(total, end - at);
      let forwards = true;
      if (!this.#server) {
        const step = this.#whileIdle(bytes, at, type, total, there);
        if (step !== 'forward' && step !== 'dropped') {
          halt = step;
          break;
        }
        forwards = step === 'forward';
      }
      if (forwards) {
        halt = this.#prepare(bytes, at, type, total, there);
        if (halt !== undefined) break;
      } else draft.replace(at, there);
      at += there;
      if (there < total) {
        this.#skip = total - there;
        this.#skipForwards = forwards;
      }
    }
    if (halt === 'ended') return;
    const pieces = draft.end(at);
    if (pieces.length > 0) this.#forward(pieces);
    if (halt === 'leave') {
      this.#leaving = true;
      this.end();
      return;
    }
    if (halt === 'wait') this.#backlog = Buffer.from(bytes.subarray(at));
    else if (at < end) this.#held = Buffer.from(bytes.subarray(at));
    this.#keepUnnamed();
    if (this.#skip === 0 && this.#server && this.#status === 0x49) this.#releaseIfDone();
  }

  /** What a message means while the client has no server connection. */
  #whileIdle(bytes: Buffer, at: number, type: number, total: number, there: number): Halt | 'forward' | 'dropped' {
    switch (type) {
      case letters.terminate:
        this.end();
        return 'ended';
      case letters.sync:
        this.#write(readyIdle);
        return 'dropped';
      // What is left of a COPY that failed, and requests to hurry when nothing is under way.
      case letters.copyData:
      case letters.copyDone:
      case letters.copyFail:
      case letters.flush:
        return 'dropped';
    }
    // A connection is not kept waiting for somebody who sends slowly.
    if (there < total && total <= gathered) return 'more';
    if (type === letters.query && there === total) {
      const command = statementCommand(bytes, at + 5, at + total);
      if (command?.kind === 'deallocate' && this.#statements?.has(command.name)) {
        this.#statements.deallocate(command.name);
        this.#write(Buffer.concat([message('C', 'DEALLOCATE'), readyIdle]));
        return 'dropped';
      }
    }
    if (this.#pool.readers && !this.#choose(bytes, at, type, there)) return 'wait';
    const server = this.#source.take();
    if (!server) {
      this.#backlog = none;
      this.#source.wait(this);
      return this.#server && !this.#backlog ? 'forward' : this.#closed ? 'ended' : 'wait';
    }
    return this.#attach(server) ? 'forward' : 'wait';
  }

  /** Chooses between primary and replicas. @returns false while it has to be asked for what that depends on */
  #choose(bytes: Buffer, at: number, type: number, there: number): boolean {
    this.#routing ??= new ReadRouting(this.#pool);
    const readsByDefault = this.parameters.values.get('default_transaction_read_only') === 'on';
    const source = this.#routing.choose(accessOf(bytes, at, type, there), readsByDefault);
    if (source) this.#source = source;
    else {
      this.#backlog = none;
      void this.#routing.learn().then(() => {
        if (!this.#closed) this.#continue();
      });
    }
    return source !== undefined;
  }

  /** Keeps the books on a message for the server, and writes the draft of it. */
  #prepare(bytes: Buffer, at: number, type: number, total: number, there: number): Halt | undefined {
    const outstanding = this.#outstanding as Outstanding;
    switch (type) {
      case letters.query:
        return this.#prepareQuery(bytes, at, total, there);
      case letters.parse:
        return this.#prepareParse(bytes, at, total, there);
      case letters.bind:
      case letters.describe:
      case letters.close:
        return this.#prepareNamed(bytes, at, type, total, there);
      case letters.execute:
      case letters.flush:
        outstanding.unsynced = true;
        return undefined;
      case letters.sync:
        outstanding.sync();
        return undefined;
      case letters.call:
        outstanding.query();
        return undefined;
      case letters.copyDone:
      case letters.copyFail:
        outstanding.copyEnd();
        return undefined;
      case letters.terminate:
        return 'leave';
    }
    return undefined;
  }

  #prepareQuery(bytes: Buffer, at: number, total: number, there: number): undefined {
    const server = this.#server as PooledServer;
    this.#unnamed = undefined;
    server.unnamedOwner = undefined;
    (this.#outstanding as Outstanding).query();
    if (there < total) return;
    const command = statementCommand(bytes, at + 5, at + total);
    if (command?.kind === 'session') this.#context.draft.replace(at, total, queryMessage(raise));
  }

  #prepareParse(bytes: Buffer, at: number, total: number, there: number): Halt | undefined {
    const server = this.#server as PooledServer;
    const outstanding = this.#outstanding as Outstanding;
    const { draft, maxStatement } = this.#context;
    const nameEnd = indexOfZero(bytes, at + 5, at + there);
    if (nameEnd < 0) return this.#incomplete(there, total);
    if (nameEnd === at + 5) {
      outstanding.unsynced = true;
      this.#unnamed =
        there === total ? { message: bytes.subarray(at, at + total), kept: false, used: false } : undefined;
      server.unnamedOwner = this;
      outstanding.expect(own);
      // It is remembered where it stands, so that may not be moved.
      draft.pin();
      return undefined;
    }
    const name = bytes.toString('latin1', at + 5, nameEnd);
    const statements = this.#ownStatements();
    const excess = total > maxStatement ? 'bytes' : statements.has(name) ? undefined : statements.exceeds(total);
    if (excess) {
      this.fail(poolerFatal(excess === 'count' ? 'too_many_statements' : 'statements_too_large'));
      return 'ended';
    }
    if (there < total) return 'more';
    outstanding.unsynced = true;
    const definition = bytes.subarray(nameEnd + 1, at + total);
    draft.replace(at, total, ...statements.parse(name, definition, server, outstanding));
    return undefined;
  }

  /** Bind, Describe and Close: the name of a statement stands behind a portal's name, or behind the letter S. */
  #prepareNamed(bytes: Buffer, at: number, type: number, total: number, there: number): Halt | undefined {
    const server = this.#server as PooledServer;
    const outstanding = this.#outstanding as Outstanding;
    const { draft } = this.#context;
    const limit = at + there;
    let nameAt = at + 6;
    if (type === letters.bind) {
      const portalEnd = indexOfZero(bytes, at + 5, limit);
      if (portalEnd < 0) return this.#incomplete(there, total);
      nameAt = portalEnd + 1;
    } else if (there < total) return this.#incomplete(there, total);
    else if (bytes[at + 5] !== 0x53) {
      outstanding.unsynced = true;
      if (type === letters.close) outstanding.expect(own);
      return undefined;
    }
    const nameEnd = indexOfZero(bytes, nameAt, limit);
    if (nameEnd < 0) return this.#incomplete(there, total);
    outstanding.unsynced = true;
    if (nameEnd === nameAt) {
      this.#prepareUnnamed(type, at);
      return undefined;
    }
    const statements = this.#ownStatements();
    if (type === letters.close) {
      draft.replace(at, total, statements.close(bytes.toString('latin1', nameAt, nameEnd), outstanding));
      return undefined;
    }
    const statement = statements.find(bytes, nameAt, nameEnd);
    if (statement) {
      const before = statements.ensure(statement, server, outstanding);
      if (before.length > 0) draft.replace(at, 0, ...before);
      draft.rename(at, nameAt, nameEnd, statement.serverNameBytes, total - 1);
    } else if (bytes.toString('latin1', nameAt, nameEnd).startsWith(serverNamePrefix))
      // The server says that there is no such statement; ours are out of reach.
      draft.rename(at, nameAt, nameEnd, nowhereBytes, total - 1);
    return undefined;
  }

  /** The unnamed statement may have been prepared on another connection. */
  #prepareUnnamed(type: number, at: number): void {
    const server = this.#server as PooledServer;
    const outstanding = this.#outstanding as Outstanding;
    if (type === letters.close) {
      outstanding.expect(own);
      this.#unnamed = undefined;
      return;
    }
    const unnamed = this.#unnamed;
    if (!unnamed) return;
    if (type === letters.bind) unnamed.used = true;
    if (server.unnamedOwner === this) return;
    server.unnamedOwner = this;
    outstanding.expect(hidden);
    this.#context.draft.replace(at, 0, unnamed.message);
  }

  #ownStatements(): ClientStatements {
    this.#statements ??= this.#pool.clientStatements();
    return this.#statements;
  }

  #incomplete(there: number, total: number): Halt {
    if (there < total && there < gathered) return 'more';
    this.fail(poolerFatal('protocol_violation'));
    return 'ended';
  }

  #forward(pieces: readonly Buffer[]): void {
    const server = this.#server;
    if (!server) return;
    let open = true;
    if (pieces.length === 1) open = server.write(pieces[0] as Buffer);
    else {
      const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (size <= gathered) open = server.write(Buffer.concat(pieces, size));
      else for (const piece of pieces) open = server.write(piece);
    }
    if (open) return;
    this.#serverFull = true;
    server.onDrain = () => {
      this.#serverFull = false;
      this.#regulate();
    };
  }

  // The server connection

  lend(server: PooledServer): void {
    if (this.#closed) {
      this.#source.give(server);
      return;
    }
    if (this.#attach(server)) this.#continue();
  }

  refuse(error: unknown): void {
    if (this.#source !== this.#pool) {
      this.#pool.doubt(this.#source);
      this.#source = this.#pool;
      this.#pool.wait(this);
      return;
    }
    if (error instanceof ServerRefusal) {
      this.#saidFatal = true;
      this.#channel.write(errorFromFields(error.fields));
      this.end();
    } else this.fail(error as WireError);
  }

  /** @returns false while its settings are being changed to the client's */
  #attach(server: PooledServer): boolean {
    server.link(this);
    this.#server = server;
    this.#outstanding ??= new Outstanding();
    const changes = changeStatements(this.parameters, server.parameters);
    if (changes === undefined) return true;
    this.#backlog ??= none;
    server.run(changes, (error) => {
      if (this.#closed) return;
      if (error && !error.has('C')) {
        // The connection ended before anything of the client's was sent over it; another one will do.
        this.#server = undefined;
        server.link(undefined);
        this.#source.wait(this);
        return;
      }
      if (error) {
        this.#channel.write(errorFromFields(new Map([...error, ['S', 'FATAL'], ['V', 'FATAL']])));
        this.#saidFatal = true;
        this.end();
        return;
      }
      this.parameters = server.parameters;
      this.#continue();
    });
    return false;
  }

  #continue(): void {
    const bytes = this.#backlog;
    this.#backlog = undefined;
    if (bytes && bytes.length > 0) this.#feed(bytes);
    this.#regulate();
  }

  deliver(bytes: Buffer): boolean {
    return this.#write(bytes);
  }

  #write(bytes: Buffer): boolean {
    const open = this.#channel.write(bytes);
    if (!open && !this.#outputFull) {
      this.#outputFull = true;
      this.#regulate();
    }
    return open;
  }

  observe(bytes: Buffer, at: number, total: number): Verdict {
    const outstanding = this.#outstanding as Outstanding;
    switch (bytes[at]) {
      case 0x31: // ParseComplete
      case 0x33: {
        // CloseComplete
        const kind = outstanding.completed()?.kind;
        return kind === 'hidden' ? 'withhold' : kind === 'stand-in' ? parseComplete : 'deliver';
      }
      case 0x45: {
        const refused = outstanding.failed();
        const fields = errorFields(bytes.subarray(at + 5, at + total));
        if (fields.get('V') === 'FATAL' || fields.get('V') === 'PANIC') this.#saidFatal = true;
        if (!refused?.names || fields.get('C') !== '42P05') return 'deliver';
        fields.set('M', (fields.get('M') as string).replace(refused.names.server, refused.names.client));
        return errorFromFields(fields);
      }
      case 0x47: // CopyInResponse
        outstanding.copyStarted();
        return 'deliver';
      case 0x43: {
        // CommandComplete
        if (bytes[at + 5] !== 0x44) return 'deliver';
        const tag = bytes.toString('latin1', at + 5, at + total - 1);
        if (tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL') this.#statements?.clear();
        return 'deliver';
      }
      case 0x41:
        // Whoever listens in transaction mode listens on a connection that is not theirs.
        return 'withhold';
    }
    return 'deliver';
  }

  settled(status: number): void {
    this.#status = status;
    this.#outstanding?.ready();
    if (status === 0x49 && (this.#skip === 0 || !this.#skipForwards)) this.#releaseIfDone();
  }

  parametersChanged(parameters: SessionParameters): void {
    this.parameters = parameters;
  }

  serverLost(server: object): void {
    if (this.#server !== server) return;
    this.#server = undefined;
    this.fail(poolerFatal('server_lost'));
  }

  #releaseIfDone(): void {
    const server = this.#server;
    if (!server || this.#outstanding?.isIdle !== true || this.#backlog) return;
    this.#server = undefined;
    server.link(undefined);
    if (this.#outputFull) server.resume();
    this.#serverFull = false;
    if (this.#unnamed?.used) this.#unnamed = undefined;
    this.#source.give(server);
    this.#pool.transactionDone();
    if (this.#draining) this.fail(poolerFatal('shutdown'));
    else this.#regulate();
  }

  // Only who parses in one transaction and binds in another needs it again.
  #keepUnnamed(): void {
    const unnamed = this.#unnamed;
    if (!unnamed || unnamed.kept || unnamed.used) return;
    if (unnamed.message.length > gathered) this.#unnamed = undefined;
    else this.#unnamed = { message: Buffer.from(unnamed.message), kept: true, used: false };
  }
}

const none = Buffer.alloc(0);
const nowhereBytes = Buffer.from(nowhereName, 'latin1');
const readyIdle = message('Z', Buffer.from('I'));
const raise = `DO $pooler$BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '${poolerFatal('sql_prepare').message}'; END$pooler$`;

function indexOfZero(bytes: Buffer, from: number, limit: number): number {
  for (let at = from; at < limit; at++) if (bytes[at] === 0) return at;
  return -1;
}
