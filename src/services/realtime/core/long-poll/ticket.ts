import { randomBytes, timingSafeEqual } from 'node:crypto';

/** What a client of long polling shows to go on: where its session is, and that it is its own. */
export interface Ticket {
  /** The node that keeps the session. */
  readonly node: string;
  readonly id: string;
  readonly secret: string;
}

/** A ticket for a new session. */
export const newTicket = (node: string): Ticket => ({
  node,
  id: randomBytes(9).toString('base64url'),
  secret: randomBytes(24).toString('base64url'),
});

/** As it stands in addresses. */
export const ticketText = ({ node, id, secret }: Ticket): string => `${node}.${id}.${secret}`;

/** @returns undefined for what is no ticket */
export function parseTicket(text: string): Ticket | undefined {
  const [, node, id, secret] = /^([0-9a-f-]{36})\.([\w-]{12})\.([\w-]{32})$/.exec(text) ?? [];
  return node === undefined || id === undefined || secret === undefined ? undefined : { node, id, secret };
}

/** Compared in constant time. */
export const isSameSecret = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
