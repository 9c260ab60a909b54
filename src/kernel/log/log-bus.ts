/** A request that was answered, as the one who answered saw it. Header values are only those that are safe to keep. */
export interface RequestNews {
  readonly kind: 'request';
  /** `gateway` for the public edge; the room's name for what reached the room. */
  readonly room: string;
  /** When it was answered, milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
  readonly method: string;
  /** Path and query as the client sent them; secrets in the query are masked. */
  readonly url: string;
  readonly host: string;
  readonly protocol: string;
  readonly httpVersion: string;
  /** 499 where the client went away first. */
  readonly status: number;
  readonly milliseconds: number;
  /** Bytes of the answer's body, where it told. */
  readonly size: number | undefined;
  readonly ip: string;
  readonly agent: string | undefined;
  readonly referer: string | undefined;
  readonly clientInfo: string | undefined;
}

/** Something else that happened, with its fields in the room's own names. */
export interface EntryNews {
  readonly kind: 'entry';
  readonly room: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the bus carries: finished lines of the program's own log (JSON, redacted), requests and entries. */
export type LogNews = { readonly kind: 'line'; readonly text: string } | RequestNews | EntryNews;

/** The way from those who see something to the one who collects logs. Emitting is cheap and never fails. */
export interface LogBus {
  emit(news: LogNews): void;
  /**
   * Makes `listener` the one that hears of everything; it must not throw. What was emitted before the first came is told
   * to it at once, as far as it was kept.
   *
   * @returns ends it
   */
  listen(listener: (news: LogNews) => void): () => void;
  /** Hides secrets in what becomes of requests and entries; lines are redacted already. */
  readonly redact: (text: string) => string;
}

/** @param kept news kept until somebody listens; older ones are forgotten */
export function createLogBus(redact: LogBus['redact'], kept = 1_000): LogBus {
  const early: LogNews[] = [];
  let hear: ((news: LogNews) => void) | undefined;
  return {
    redact,
    emit(news) {
      if (hear) hear(news);
      else {
        early.push(news);
        if (early.length > kept) early.shift();
      }
    },
    listen(listener) {
      hear = listener;
      for (const news of early.splice(0)) listener(news);
      return () => {
        if (hear === listener) hear = undefined;
      };
    },
  };
}
