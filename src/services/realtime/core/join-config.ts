/** Where stored broadcasts begin that a client wants again. */
export interface ReplayWish {
  /** Milliseconds since the epoch; undefined where what was given is no such number. */
  readonly since: number | undefined;
  readonly limit: number;
}

/** What a client asks for in `phx_join` (spec §1.5), with the defaults of what it left out. */
export interface JoinConfig {
  readonly ack: boolean;
  readonly self: boolean;
  readonly replay: ReplayWish | undefined;
  readonly replicationReady: boolean;
  readonly presence: boolean;
  /** Empty: the server makes one. */
  readonly presenceKey: string;
  readonly changes: readonly unknown[];
  readonly isPrivate: boolean;
  /**
   * Given: the client wants positions, and goes on after the one it names. It stands in `config.resume`, or in
   * `config.broadcast.resume`, since official clients pass on nothing but `broadcast` untouched.
   */
  readonly resume: { readonly after?: string } | undefined;
  /** True: the topic itself names what to watch, and the payload has no `config`. */
  readonly isLegacy: boolean;
}

const mostReplayed = 25;

/** Takes a join's payload apart. What does not fit is as if it were not there; nothing is refused here. */
export function parseJoin(payload: unknown, name: string): JoinConfig {
  const config = fieldOf(payload, 'config');
  const broadcast = fieldOf(config, 'broadcast');
  const presence = fieldOf(config, 'presence');
  const changes = fieldOf(config, 'postgres_changes');
  const isLegacy = isObject(payload) && !('config' in payload);
  const key = fieldOf(presence, 'key');
  const enabled = fieldOf(presence, 'enabled');
  return {
    ack: isTrue(fieldOf(broadcast, 'ack')),
    self: isTrue(fieldOf(broadcast, 'self')),
    replay: parseReplay(fieldOf(broadcast, 'replay')),
    replicationReady: isTrue(fieldOf(broadcast, 'replication_ready')),
    // Clients from before the switch always send the object, those after it always the switch.
    presence: enabled === undefined ? isObject(presence) : isTrue(enabled),
    presenceKey: typeof key === 'string' ? key : '',
    changes: isLegacy ? legacyChanges(name) : Array.isArray(changes) ? changes.filter((entry) => entry !== null) : [],
    isPrivate: isTrue(fieldOf(config, 'private')),
    resume: parseResume(fieldOf(config, 'resume') ?? fieldOf(broadcast, 'resume')),
    isLegacy,
  };
}

/** The token a channel is joined with: an opaque key stands for the connection's own (spec §1.5). */
export function joinToken(payload: unknown, ofConnection: string): string {
  const access = fieldOf(payload, 'access_token');
  const user = fieldOf(payload, 'user_token');
  const [first] = [access, user].filter((token) => typeof token === 'string');
  if (first?.startsWith('sb_')) return ofConnection;
  if (typeof user === 'string') return user;
  return typeof access === 'string' ? access : ofConnection;
}

function parseReplay(value: unknown): ReplayWish | undefined {
  if (!isObject(value)) return undefined;
  const { since, limit } = value;
  const asked = Number.isSafeInteger(limit) ? (limit as number) : mostReplayed;
  return {
    since: Number.isSafeInteger(since) ? (since as number) : undefined,
    limit: Math.min(Math.max(asked, 1), mostReplayed),
  };
}

function parseResume(value: unknown): JoinConfig['resume'] {
  if (isTrue(value)) return {};
  if (!isObject(value)) return undefined;
  const { after } = value;
  return typeof after === 'string' ? { after } : {};
}

// `realtime:<schema>`, `realtime:<schema>:<table>`, `realtime:<schema>:<table>:<filter>`.
function legacyChanges(name: string): unknown[] {
  const [schema = '', table, ...rest] = name.split(':');
  return [
    {
      event: '*',
      schema,
      ...(table !== undefined && table !== '' && { table }),
      ...(rest.length > 0 && { filter: rest.join(':') }),
    },
  ];
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
