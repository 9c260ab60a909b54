import { StartupError } from '#kernel/errors';
import type { Database } from '#kernel/sql';
import type { AuthPorts } from '../../ports.ts';
import type { AuthSettings } from '../../settings.ts';
import type { AuthContext } from '../context.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';
import type { Letter, MailTransport, Postponed } from './mail.ts';
import { createMailDesk, type MailDesk } from './mail-desk.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createPostOffice, type PostOffice, writeMail } from './post-office.ts';
import { createSeal } from './seal.ts';
import { createTemplateShelf, type TemplateShelf } from './template-shelf.ts';

/** Everything that mail is made with, and its end. */
export interface Post {
  readonly office: PostOffice;
  /** For who writes templates. */
  readonly desk: MailDesk;
  /** Begins to send what waits. @param perform does what a request that waits asks for */
  start(perform: (request: Postponed) => Promise<void>): void;
  /** Waits for mails under way. */
  close(): Promise<void>;
}

/** What a post is opened with. */
export interface PostParts {
  readonly settings: AuthSettings;
  readonly db: Database;
  readonly clock: AuthContext['clock'];
  readonly log: AuthContext['log'];
  readonly egress: AuthPorts['egress'];
  readonly transport: MailTransport;
  readonly limits: SharedLimits;
  readonly secret: string;
  /** Whether the database has a place for letters that wait. */
  readonly canKeep: boolean;
}

/** Letters a node has under way at a time; the mail library opens as many connections. */
const concurrency = 5;

/** Opens the post. @throws StartupError naming the setting that cannot be read */
export function openPost(parts: PostParts): Post {
  const { settings, db, clock, log, transport } = parts;
  const templates = readShelf(parts);
  const deliver = async (letter: Letter): Promise<void> =>
    transport.send(await writeMail(settings, templates, letter, log));
  let perform = async (_request: Postponed): Promise<void> => {};
  const outbox: Outbox | undefined =
    parts.canKeep && settings.mailQueue && (transport.delivery === 'smtp' || settings.hook_send_email)
      ? createOutbox({
          db,
          log,
          seal: createSeal(parts.secret, 'auth outbox'),
          deliver,
          perform: (request) => perform(request),
          concurrency,
          size: settings.mailQueueSize,
          firstPause: settings.mailRetryFirst,
          longestPause: settings.mailRetryLongest,
          maxAge: settings.mailQueueMaxAge,
          pollInterval: settings.mailQueuePoll,
          lease: settings.mailQueueLease,
        })
      : undefined;
  const office = asStartup(() =>
    createPostOffice({ settings, db, delivery: transport.delivery, deliver, outbox, limits: parts.limits }),
  );
  return {
    office,
    desk: createMailDesk(settings, transport),
    start(performer) {
      perform = performer;
      templates.start();
      outbox?.start();
    },
    async close() {
      templates.stop();
      await outbox?.stop();
      transport.close();
    },
  };

  function readShelf({ egress }: PostParts): TemplateShelf {
    return asStartup(() => createTemplateShelf(settings, egress, clock, log));
  }
}

function asStartup<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new StartupError((error as Error).message, undefined, error);
  }
}
