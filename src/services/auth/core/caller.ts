/** What is known of whoever asks, beside what they ask for. */
export interface Caller {
  /** Address as text that PostgreSQL takes for `inet`, or null. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Base of links in mails. */
  readonly externalUrl: string;
  /** Where links lead in the end; already checked. */
  readonly redirectTo: string;
  /** Audience users are looked for in. */
  readonly aud: string;
}
