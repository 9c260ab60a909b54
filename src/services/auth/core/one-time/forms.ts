import type { Metadata } from '../../sql/rows.ts';
import type { CodeChallenge } from '../pkce.ts';

/** A request for a code; absent texts are empty. */
export interface CodeRequest {
  readonly email: string;
  readonly phone: string;
  readonly createUser: boolean;
  readonly data: Metadata;
  readonly challenge: CodeChallenge | undefined;
  /** How a code gets to a phone. */
  readonly channel: string;
}

/** A request to send something again. */
export interface ResendRequest {
  readonly type: string;
  readonly email: string;
  readonly phone: string;
  readonly challenge: CodeChallenge | undefined;
}
