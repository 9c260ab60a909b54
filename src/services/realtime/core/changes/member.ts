import type { Binding } from './binding.ts';
import type { ChangeEvent, Claims } from './feed.ts';

/** Whose changes they are: a channel with the token it has now. */
export interface Subscriber {
  readonly role: string;
  readonly claims: Claims;
  /** The claims as policies get them. */
  readonly claimsText: string;
  /** Takes an event; one that the subscriber has, or that came after its end, is passed over. */
  take(event: ChangeEvent): void;
}

/** One binding of a subscriber. */
export interface Member {
  readonly subscriber: Subscriber;
  readonly binding: Binding;
  readonly id: number;
}
