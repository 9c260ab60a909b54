import { type Client, type ConnectionOptions, connectClient } from '#kernel/sql';

/** Follows how far replicas are behind their primary. Positions are bytes of the log since its beginning. */
export interface ReplicaWatch {
  /** A position that the primary's log had reached after the call. @throws the connection's error */
  position(): Promise<number>;
  /** The number of a replica that has replayed at least up to `position`, another one each time; undefined: none. */
  find(position: number): number | undefined;
  /** It could not be used; it is out until it answers again. */
  doubt(replica: number): void;
  close(): Promise<void>;
}

/** A replica that can be read from now, or cannot any more; `error` says why, where it did not answer. */
export interface ReplicaChange {
  readonly replica: number;
  readonly isUsable: boolean;
  readonly error?: unknown;
}

const inserted = `select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as at`;
// A replica that was promoted goes its own way and is none any more.
const replayed = `select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end - '0/0'::pg_lsn)::text as at`;
const askEvery = 200;
/** Milliseconds after which an answer says nothing any more. */
const staleAfter = 2_000;

/**
 * Begins to watch.
 *
 * @param primary as a role that may log in
 * @param replicas the same on the replicas
 * @param onChange told when a replica comes or goes, once each time
 */
export function createReplicaWatch(
  primary: () => ConnectionOptions,
  replicas: readonly (() => ConnectionOptions)[],
  connectTimeout: number,
  now: () => number,
  onChange: (change: ReplicaChange) => void,
): ReplicaWatch {
  const source = createSource(primary, inserted, connectTimeout);
  const sources = replicas.map((each) => createSource(each, replayed, connectTimeout));
  const states = replicas.map(() => ({ at: -1, since: 0 }));
  let running: Promise<number> | undefined;
  let next: Promise<number> | undefined;
  let turn = 0;
  let closed = false;

  function ask(): Promise<number> {
    const asked = source.ask().finally(() => {
      if (running === asked) running = undefined;
    });
    running = asked;
    return asked;
  }

  const asking = sources.map(async (replica, index) => {
    const state = states[index] as (typeof states)[number];
    let wasUsable: boolean | undefined;
    const tell = (isUsable: boolean, error?: unknown): void => {
      if (isUsable !== wasUsable && !closed)
        onChange({ replica: index, isUsable, ...(error !== undefined && { error }) });
      wasUsable = isUsable;
    };
    while (!closed) {
      try {
        const at = await replica.ask();
        Object.assign(state, { at, since: now() });
        tell(at >= 0);
      } catch (error) {
        state.at = -1;
        tell(false, error);
      }
      await replica.pause(askEvery);
    }
  });

  return {
    position() {
      // One that is under way may have been answered before the call.
      if (!running) return ask();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return ask();
        });
      return next;
    },
    find(position) {
      for (let tried = 0; tried < states.length; tried++) {
        const index = turn++ % states.length;
        const { at, since } = states[index] as (typeof states)[number];
        if (at >= position && at >= 0 && now() - since < staleAfter) return index;
      }
      return undefined;
    },
    doubt(replica) {
      const state = states[replica];
      if (state) state.at = -1;
    },
    async close() {
      closed = true;
      for (const each of sources) each.wake();
      await Promise.all(asking);
      await running?.catch(() => {});
      await Promise.all([source, ...sources].map((each) => each.close()));
    },
  };
}

interface Source {
  ask(): Promise<number>;
  /** Waits, but not once it was woken. */
  pause(milliseconds: number): Promise<void>;
  wake(): void;
  close(): Promise<void>;
}

function createSource(options: () => ConnectionOptions, text: string, connectTimeout: number): Source {
  let client: Client | undefined;
  let awake = false;
  let wake = () => {};
  const drop = async () => {
    const dropped = client;
    client = undefined;
    await dropped?.pg.end().catch(() => {});
  };
  return {
    async ask() {
      try {
        if (client && !client.usable) await drop();
        client ??= await connectClient(options(), 10, false, connectTimeout);
        const { rows } = await client.pg.query<{ at: string | null }>({ name: 'position', text });
        return Number(rows[0]?.at ?? -1);
      } catch (error) {
        void drop();
        throw error;
      }
    },
    pause: (milliseconds) =>
      new Promise((resolve) => {
        if (awake) return resolve();
        const timer = setTimeout(resolve, milliseconds).unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake() {
      awake = true;
      wake();
    },
    close: drop,
  };
}
