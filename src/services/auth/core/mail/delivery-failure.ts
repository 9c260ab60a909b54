/** How bad it is that a mail did not go. */
export type FailureKind =
  /** Nothing can be sent at present: no connection, no TLS, refused sign-in, a server that is closing. */
  | 'server'
  /** This mail is not taken now, e.g. a full mailbox (4xx). */
  | 'later'
  /** This mail will never be taken, e.g. no such recipient (5xx). */
  | 'never';

/** What of an error of the mail library counts here. */
export interface SmtpFailure {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

const aboutThisMail = /^(MAIL FROM|RCPT TO|DATA|BDAT)/i;

/** Tells failures of the server from failures of one mail (RFC 5321 §4.2.1). */
export function judgeFailure(error: unknown): FailureKind {
  const { responseCode, command } = error as SmtpFailure;
  if (responseCode === undefined || responseCode === 421 || !aboutThisMail.test(command ?? '')) return 'server';
  // A sender that is refused is refused for all mails, until somebody changes a setting.
  if (/^MAIL FROM/i.test(command ?? '')) return 'server';
  return responseCode >= 500 ? 'never' : 'later';
}

/** A failure in a few words for the log and for health; never what the server wrote, which may repeat addresses. */
export function describeFailure(error: unknown): string {
  const { code, responseCode, command } = error as SmtpFailure;
  return [code, command, responseCode].filter((part) => part !== undefined).join(' ') || (error as Error).name;
}

/** Pause before the next try: doubles from `first` to `longest`, up to a quarter less by chance. @param tries made so far */
export function backOff(tries: number, first: number, longest: number, random: () => number): number {
  const full = Math.min(longest, first * 2 ** Math.min(30, Math.max(0, tries - 1)));
  return full * (1 - random() / 4);
}
