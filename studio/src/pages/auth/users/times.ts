/** A moment in the reader's own words and time zone; a dash without one. */
export const timeText = (iso: string | null): string =>
  iso === null ? '–' : new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Whether a ban is in force. */
export const isBanned = (until: string | null, now = Date.now()): boolean => until !== null && Date.parse(until) > now;
