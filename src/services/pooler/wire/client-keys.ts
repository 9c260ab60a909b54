import { randomBytes, randomInt } from 'node:crypto';
import { isSame } from '../core/secret.ts';

/** Somebody whose work can be cancelled by key. */
export interface Cancellable {
  readonly secret: Buffer;
  cancel(): Promise<void>;
}

/** The keys clients get in place of the server's own, which never leave this process. */
export class ClientKeys {
  readonly #byPid = new Map<number, Cancellable>();

  /** A process number nobody has, and a secret. */
  make(): { readonly pid: number; readonly secret: Buffer } {
    let pid = 0;
    do pid = randomInt(1, 2 ** 31 - 1);
    while (this.#byPid.has(pid));
    return { pid, secret: randomBytes(4) };
  }

  add(pid: number, client: Cancellable): void {
    this.#byPid.set(pid, client);
  }

  remove(pid: number): void {
    this.#byPid.delete(pid);
  }

  /** Who has this key; undefined for a wrong one. */
  find(pid: number, secret: Buffer): Cancellable | undefined {
    const client = this.#byPid.get(pid);
    return client && isSame(client.secret, secret) ? client : undefined;
  }
}
