import type { SchemaCache } from './cache/model.ts';
import type { RestConfig } from './config.ts';
import type { Authenticator } from './session/authenticate.ts';

/** What requests are answered by. Replaced as a whole, so that no request sees two states. */
export interface Snapshot {
  readonly config: RestConfig;
  /** Undefined until one was read. */
  readonly cache: SchemaCache | undefined;
  readonly authenticator: Authenticator;
}
