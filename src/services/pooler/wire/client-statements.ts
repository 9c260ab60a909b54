import { nowhereName, type PreparedStatement, type StatementRegistry } from '../core/prepared-statements.ts';
import { message } from './messages.ts';
import type { Action, Outstanding } from './outstanding.ts';
import type { PooledServer } from './pooled-server.ts';

/** Bounds on prepared statements. */
export interface StatementLimits {
  /** Of one client. */
  readonly perClient: number;
  /** Bytes of text of one client. */
  readonly clientBytes: number;
  /** Kept prepared on one server connection. */
  readonly perServer: number;
}

const own: Action = { kind: 'own' };

/**
 * The named prepared statements of one client in transaction mode. Each name means a statement that all clients of the
 * pool share under a name of the pooler's, prepared on a server connection when it is first needed there.
 */
export class ClientStatements {
  readonly #registry: StatementRegistry;
  readonly #limits: StatementLimits;
  readonly #evicted: () => void;
  readonly #byName = new Map<string, PreparedStatement>();
  /** What was found last, which is mostly what is looked for next. */
  #latest: { readonly name: string; readonly statement: PreparedStatement } | undefined;
  #bytes = 0;

  /** @param evicted called when a statement makes room for another on a server connection */
  constructor(registry: StatementRegistry, limits: StatementLimits, evicted: () => void) {
    this.#registry = registry;
    this.#limits = limits;
    this.#evicted = evicted;
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Whether another statement would be one too many, and which bound it breaks. */
  exceeds(size: number): 'count' | 'bytes' | undefined {
    if (this.#byName.size >= this.#limits.perClient) return 'count';
    return this.#bytes + size > this.#limits.clientBytes ? 'bytes' : undefined;
  }

  /** Messages in place of the client's Parse. */
  parse(name: string, definition: Buffer, server: PooledServer, outstanding: Outstanding): Buffer[] {
    const known = this.#byName.get(name);
    if (known) {
      const before = this.ensure(known, server, outstanding);
      outstanding.expect({ kind: 'duplicate', names: { server: known.serverName, client: name } });
      return [...before, message('P', known.serverName, definition)];
    }
    const statement = this.#registry.acquire(definition);
    this.#add(name, statement);
    if (server.statements.has(statement)) {
      outstanding.expect({ kind: 'stand-in', undo: () => this.#remove(name) });
      return [closeNowhere()];
    }
    server.statements.add(statement);
    outstanding.expect({
      kind: 'own',
      undo: () => {
        server.statements.delete(statement);
        this.#remove(name);
      },
    });
    return [message('P', statement.serverName, definition), ...this.#evict(server, outstanding)];
  }

  /** The statement of a name that stands among other bytes. */
  find(bytes: Buffer, from: number, to: number): PreparedStatement | undefined {
    const latest = this.#latest;
    if (latest && isText(latest.name, bytes, from, to)) return latest.statement;
    const name = bytes.toString('latin1', from, to);
    const statement = this.#byName.get(name);
    if (statement) this.#latest = { name, statement };
    return statement;
  }

  /** Messages in place of the client's Close. The statement stays on the server for others. */
  close(name: string, outstanding: Outstanding): Buffer {
    const statement = this.#byName.get(name);
    if (statement) {
      this.#forget(name, statement);
      outstanding.expect({
        kind: 'own',
        done: () => this.#registry.release(statement),
        undo: () => this.#add(name, statement),
      });
    } else outstanding.expect(own);
    return closeNowhere();
  }

  /** The client's statements are gone, by its own command or because it is. */
  clear(): void {
    for (const statement of this.#byName.values()) this.#registry.release(statement);
    this.#byName.clear();
    this.#latest = undefined;
    this.#bytes = 0;
  }

  /** SQL-level DEALLOCATE of one. */
  deallocate(name: string): void {
    this.#remove(name);
  }

  ensure(statement: PreparedStatement, server: PooledServer, outstanding: Outstanding): readonly Buffer[] {
    if (server.statements.use(statement)) return nothing;
    server.statements.add(statement);
    outstanding.expect({ kind: 'hidden', undo: () => server.statements.delete(statement) });
    return [message('P', statement.serverName, statement.definition), ...this.#evict(server, outstanding)];
  }

  #evict(server: PooledServer, outstanding: Outstanding): Buffer[] {
    if (server.statements.size <= this.#limits.perServer) return [];
    const statement = server.statements.leastRecent as PreparedStatement;
    server.statements.delete(statement);
    this.#evicted();
    outstanding.expect({ kind: 'hidden', undo: () => server.statements.add(statement) });
    return [message('C', Buffer.from('S'), statement.serverName)];
  }

  #add(name: string, statement: PreparedStatement): void {
    this.#byName.set(name, statement);
    this.#bytes += statement.definition.length + name.length;
  }

  #forget(name: string, statement: PreparedStatement): void {
    this.#byName.delete(name);
    this.#latest = undefined;
    this.#bytes -= statement.definition.length + name.length;
  }

  #remove(name: string): void {
    const statement = this.#byName.get(name);
    if (!statement) return;
    this.#forget(name, statement);
    this.#registry.release(statement);
  }
}

const nothing: readonly Buffer[] = [];

function isText(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let at = from; at < to; at++) if (bytes[at] !== text.charCodeAt(at - from)) return false;
  return true;
}

const closeNowhere = (): Buffer => message('C', Buffer.from('S'), nowhereName);
