/** One line of a room's closed error catalogue: the HTTP status and the text a client may see. */
export interface ErrorEntry {
  readonly status: number;
  readonly message: string;
}

/** All errors a room can answer with, keyed by their stable public code. */
export type ErrorCatalogue = Readonly<Record<string, ErrorEntry>>;

/** A catalogue as rooms write it: status → code → text, or the text with whatever else the room's wire shape needs. */
export type ErrorsByStatus = Readonly<Record<number, Readonly<Record<string, string | { readonly message: string }>>>>;

type CodeOf<G extends ErrorsByStatus> = { [S in keyof G]: keyof G[S] & string }[keyof G];

/**
 * Makes a catalogue of errors grouped by status.
 *
 * @throws Error when a code stands under two statuses, since only one of them could be answered
 */
export function catalogueOf<const G extends ErrorsByStatus>(byStatus: G): Readonly<Record<CodeOf<G>, ErrorEntry>> {
  const catalogue: Record<string, ErrorEntry> = {};
  for (const [status, group] of Object.entries<ErrorsByStatus[number]>(byStatus))
    for (const [code, entry] of Object.entries(group)) {
      if (Object.hasOwn(catalogue, code)) throw new Error(`error ${code} stands in its catalogue twice`);
      catalogue[code] = { status: Number(status), ...(typeof entry === 'string' ? { message: entry } : entry) };
    }
  return Object.freeze(catalogue) as Readonly<Record<CodeOf<G>, ErrorEntry>>;
}

/** What may be said beside the catalogue's own entry. `cause` is for the log only, never for the wire. */
export interface ErrorDetails {
  readonly message?: string;
  readonly status?: number;
  readonly details?: unknown;
  readonly hint?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An error meant for a client. Everything on it but `cause` may be shown; each room renders it in the wire shape of
 * the service it stands for.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;
  readonly details: unknown;
  readonly hint: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, extra: ErrorDetails = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.status = status;
    this.details = extra.details ?? null;
    this.hint = extra.hint ?? null;
    this.headers = extra.headers ?? {};
  }
}

/**
 * Turns a catalogue into a constructor of its errors, so that no code outside the catalogue can be raised.
 *
 * @param catalogue code → status and message
 * @returns a function `(code, extra?)` that builds the error; `extra.message` and `extra.status` replace the entry's own
 */
export function defineErrors<C extends ErrorCatalogue>(catalogue: C) {
  return (code: keyof C & string, extra: ErrorDetails = {}): ServiceError => {
    const entry = catalogue[code] as ErrorEntry;
    return new ServiceError(code, extra.status ?? entry.status, extra.message ?? entry.message, extra);
  };
}
