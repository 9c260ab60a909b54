/** What a poll is answered: messages; none in time; the session is gone. */
export interface PollAnswer {
  readonly status: 200 | 204 | 410;
  /** In the order they came, each a whole message of the protocol. */
  readonly messages: readonly string[];
}

/** What a publication is answered: handled; not in time; the session is gone; too many wait already. */
export type PublishStatus = 200 | 408 | 410 | 429;

/** A message of a client: text, or bytes of the binary protocol. */
export type Published = string | Buffer;

/** Tells that the client who asks has gone. */
export type LeaveSignal = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>;

/** Nothing in time. */
export const nothing: PollAnswer = { status: 204, messages: [] };

/** No such session. */
export const gone: PollAnswer = { status: 410, messages: [] };
