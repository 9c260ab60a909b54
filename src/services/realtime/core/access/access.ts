import type { Token } from '../token.ts';

/** Kinds of messages that policies on `realtime.messages` tell apart by their column `extension`. */
export type Extension = 'broadcast' | 'presence';

/** Which of them may be read. */
export type Readable = Readonly<Record<Extension, boolean>>;

/** Who asks. */
export interface Asker {
  readonly token: Token;
  /** JSON text of the handshake's `x-` headers, for `request.headers`. */
  readonly headers: string;
  /** Id of the request, or of the one that opened the socket. */
  readonly reqId: string;
}

/**
 * What the policies on `realtime.messages` say of a private channel (spec §3.6). Nothing is remembered here: a channel
 * keeps what it was told until it gets another token.
 */
export interface Access {
  /** @throws AccessError when the policies could not be asked */
  readable(topic: string, asker: Asker, presence: boolean): Promise<Readable>;
  /** @throws AccessError */
  writable(topic: string, asker: Asker, extension: Extension): Promise<boolean>;
}

/** The policies could not be asked. `text` is what a client of a channel is told, as the original words it. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly text: string;
  readonly why: 'denied' | 'unavailable';

  /**
   * @param code stands before the text in the answer to a join
   * @param why a policy raised something, which counts as a no; or the database could not be asked
   */
  constructor(code: string, text: string, why: AccessError['why']) {
    super(`${code}: ${text}`);
    this.text = text;
    this.why = why;
  }
}
