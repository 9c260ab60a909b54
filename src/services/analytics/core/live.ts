import type { LogRecord } from '#kernel/log';

/** Hears of events as they are kept. */
export interface Follower {
  readonly source: string | undefined;
  /** What the message or the metadata has to contain. */
  readonly contains: string | undefined;
  readonly hear: (record: LogRecord) => void;
}

/** Those who follow the logs live. */
export interface Live {
  readonly count: number;
  tell(records: Iterable<LogRecord>): void;
  /** @returns ends it; undefined where there are enough already */
  follow(follower: Follower): (() => void) | undefined;
  /** Lets so many follow at most from now on; those who do already stay. */
  resize(limit: number): void;
}

/** @param most followers at most */
export function createLive(most: number): Live {
  let limit = most;
  const followers = new Set<Follower>();
  return {
    get count() {
      return followers.size;
    },
    tell(records) {
      if (followers.size === 0) return;
      for (const record of records)
        for (const { source, contains, hear } of followers) {
          if (source !== undefined && source !== record.source) continue;
          if (contains !== undefined && !record.message.includes(contains) && !record.metadata.includes(contains))
            continue;
          hear(record);
        }
    },
    follow(follower) {
      if (followers.size >= limit) return undefined;
      followers.add(follower);
      return () => followers.delete(follower);
    },
    resize(wanted) {
      limit = wanted;
    },
  };
}
