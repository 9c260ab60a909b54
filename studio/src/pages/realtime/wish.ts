/** As whom a channel is joined. */
export const identities = ['server', 'anon', 'token'] as const;

/** One of them. */
export type Identity = (typeof identities)[number];

const changeEvents = ['*', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** What is asked for when a channel is joined, as the page's address says it. */
export interface Wish {
  readonly topic: string;
  readonly isPrivate: boolean;
  readonly identity: Identity;
  /** Own broadcasts come back. */
  readonly self: boolean;
  readonly presence: boolean;
  /** `schema.table`, `*` for all published tables, empty for no database changes. */
  readonly table: string;
  readonly event: (typeof changeEvents)[number];
  readonly filter: string;
}

/** Reads the address. */
export function readWish(parameters: URLSearchParams): Wish {
  const text = (name: string): string => parameters.get(name)?.slice(0, 500) ?? '';
  return {
    topic: parameters.has('topic') ? text('topic') : 'room-1',
    isPrivate: text('private') === 'on',
    identity: identities.find((each) => each === text('as')) ?? 'server',
    self: text('self') !== 'off',
    presence: text('presence') !== 'off',
    table: text('table'),
    event: changeEvents.find((each) => each === text('event')) ?? '*',
    filter: text('filter'),
  };
}

/** The address of a wish; what is usual is left out. */
export function addressOf(wish: Wish): string {
  const pairs: [string, string | undefined][] = [
    ['topic', wish.topic === 'room-1' ? undefined : wish.topic],
    ['private', wish.isPrivate ? 'on' : undefined],
    ['as', wish.identity === 'server' ? undefined : wish.identity],
    ['self', wish.self ? undefined : 'off'],
    ['presence', wish.presence ? undefined : 'off'],
    ['table', wish.table || undefined],
    ['event', wish.event === '*' ? undefined : wish.event],
    ['filter', wish.filter || undefined],
  ];
  const parameters = new URLSearchParams();
  for (const [name, value] of pairs) if (value !== undefined) parameters.set(name, value);
  const text = parameters.toString();
  return text === '' ? '/realtime' : `/realtime?${text}`;
}

/** Payload of the join. @param token in whose name; undefined: the server's */
export function joinPayload(wish: Wish, token: string | undefined): Readonly<Record<string, unknown>> {
  return {
    config: {
      broadcast: { self: wish.self, ack: true },
      presence: { enabled: wish.presence, key: '' },
      private: wish.isPrivate,
      postgres_changes: changesOf(wish),
    },
    ...(token !== undefined && { access_token: token }),
  };
}

function changesOf({ table, event, filter }: Wish): readonly object[] {
  if (table === '') return [];
  if (table === '*') return [{ event, schema: '*' }];
  const dot = table.indexOf('.');
  return [
    {
      event,
      schema: table.slice(0, dot),
      table: table.slice(dot + 1),
      ...(filter.trim() !== '' && { filter: filter.trim() }),
    },
  ];
}

/** A JSON object somebody wrote, or what is wrong with it. */
export function objectOf(text: string): { readonly value: object } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `This is no JSON: ${(error as Error).message}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'It has to be an object, such as {"text": "hello"}' };
  return { value };
}
