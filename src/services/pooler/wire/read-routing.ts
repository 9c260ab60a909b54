import { type Access, announcedAccess } from '../core/announced-access.ts';
import { letters } from './client-letters.ts';
import type { ServerPool } from './server-pool.ts';

/**
 * Where a client's transactions go when there are replicas. Those that are announced as read only go to one that has
 * replayed the position which the primary had reached after the client's last write, else to the primary.
 */
export class ReadRouting {
  readonly #primary: ServerPool;
  /** It may have written since the position was asked for. */
  #wrote = false;
  #position = 0;
  /** The primary did not tell; it decides itself what becomes of the next transaction. */
  #unknown = false;

  constructor(primary: ServerPool) {
    this.#primary = primary;
  }

  /**
   * @param access what the transaction's first message announces
   * @param readsByDefault what holds where nothing is announced
   * @returns undefined: `learn` has to be called before
   */
  choose(access: Access | undefined, readsByDefault: boolean): ServerPool | undefined {
    const readsOnly = access === 'read-only' || (access === undefined && readsByDefault);
    if (!readsOnly) {
      this.#wrote = true;
      return this.#primary;
    }
    const unknown = this.#unknown;
    this.#unknown = false;
    if (unknown) return this.#primary;
    return this.#wrote ? undefined : (this.#primary.reader(this.#position) ?? this.#primary);
  }

  /** Asks the primary how far it is. Never rejects. */
  async learn(): Promise<void> {
    try {
      this.#position = (await this.#primary.readers?.watch.position()) ?? 0;
      this.#wrote = false;
    } catch {
      this.#unknown = true;
    }
  }
}

/** What a Query or Parse of which `there` bytes are there announces. */
export function accessOf(bytes: Buffer, at: number, type: number, there: number): Access | undefined {
  if (type === letters.query) return announcedAccess(bytes, at + 5, at + there - 1);
  if (type !== letters.parse) return undefined;
  const message = bytes.subarray(at, at + there);
  const textAt = message.indexOf(0, 5) + 1;
  const end = message.indexOf(0, textAt);
  return textAt === 0 || end < 0 ? undefined : announcedAccess(message, textAt, end);
}
