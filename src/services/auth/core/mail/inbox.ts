/** A mail that was kept instead of sent. */
export interface CapturedMail {
  readonly id: number;
  /** RFC 3339. */
  readonly at: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
}

/** Mails of a stack without a mail server, newest first. For development: they live as long as the process. */
export interface Inbox {
  list(): readonly CapturedMail[];
  get(id: number): CapturedMail | undefined;
  add(mail: Omit<CapturedMail, 'id'>): void;
  /** Keeps so many from now on. */
  resize(size: number): void;
}

/** @param size mails kept; the oldest goes first */
export function createInbox(size: number): Inbox {
  let most = size;
  const mails: CapturedMail[] = [];
  let last = 0;
  return {
    list: () => [...mails],
    get: (id) => mails.find((mail) => mail.id === id),
    add(mail) {
      mails.unshift({ id: ++last, ...mail });
      mails.length = Math.min(mails.length, most);
    },
    resize(given) {
      most = given;
      mails.length = Math.min(mails.length, most);
    },
  };
}
