/** Why a request to the outside gave no answer. */
export type EgressFailure = 'refused' | 'unreachable' | 'timeout' | 'too-large' | 'aborted';

/** A request to the outside that gave no answer. The message names the host, never the path, query or a header. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly reason: EgressFailure;

  constructor(reason: EgressFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
