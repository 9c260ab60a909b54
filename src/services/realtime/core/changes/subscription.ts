import type { Binding } from './binding.ts';
import type { ChangeEvent, Claims, FeedNotice, FeedRequest, Position, StoredMessage } from './feed.ts';
import type { Member, Subscriber } from './member.ts';

/** A token's time in a channel: its members, and what it has been given. A new token makes a new one. */
export class Tenure implements Subscriber {
  readonly role: string;
  readonly claims: Claims;
  readonly claimsText: string;
  readonly #request: FeedRequest;
  /** Where it has to go on; undefined: from when it is let in. */
  readonly from: Position | undefined;
  /** Nothing up to here is given any more. */
  after: Position | undefined;
  isOver = false;
  /** Whatever is taken from the log is for it, too. */
  isIn = false;
  members: readonly Member[] = [];

  constructor(request: FeedRequest, role: string, claims: Claims, from: Position | undefined) {
    this.#request = request;
    this.role = role;
    this.claims = claims;
    this.claimsText = JSON.stringify(claims);
    this.from = from;
  }

  get topic(): string {
    return this.#request.topic;
  }

  /** Whose stored broadcasts it wants; undefined: none. */
  get isPrivate(): boolean | undefined {
    return this.#request.messages?.isPrivate;
  }

  take(event: ChangeEvent): void {
    if (this.#isNew(event)) this.#request.deliver(event);
  }

  takeMessage(message: StoredMessage): void {
    if (this.#isNew(message)) this.#request.messages?.deliver(message);
  }

  #isNew({ position }: { readonly position: Position }): boolean {
    return !this.isOver && (this.after === undefined || position > this.after);
  }

  /** Makes its bindings members. */
  join(bindings: readonly Binding[], ids: readonly number[]): void {
    this.members = bindings.map((binding, index) => ({ subscriber: this, binding, id: ids[index] as number }));
  }
}

/** A channel's subscription over all its tokens. */
export interface Subscription {
  readonly request: FeedRequest;
  readonly bindings: readonly Binding[];
  readonly ids: readonly number[];
  tenure: Tenure;
  isClosed: boolean;
  /** Position that the client was told of last. */
  told: Position | undefined;
}

/** Tells a subscription something, unless it was closed. */
export function tell(subscription: Subscription, notice: FeedNotice): void {
  if (subscription.isClosed) return;
  if ('position' in notice) subscription.told = notice.position;
  subscription.request.notify(notice);
}

/** Whether positions mean something to it. */
export const canResume = ({ request }: Subscription): boolean => request.resume !== undefined;
