import { ServiceError } from '#kernel/errors';
import type { MailDesk, SettingsDesk } from '../ports.ts';

const standard: Readonly<Record<string, string>> = {
  SITE_URL: 'http://localhost:3000',
  SMTP_PASS: '',
  STORAGE_DB_POOL: '10',
  JWT_SECRET: '',
};
const secrets = ['SMTP_PASS', 'JWT_SECRET'];

/** Settings of rooms that do not exist; a SITE_URL without a scheme is refused, and keys are changed elsewhere. */
export function fakeSettingsDesk(): SettingsDesk {
  let set: ReadonlyMap<string, string> = new Map();
  return {
    authGroups: [{ key: 'all', title: 'All', about: '', sections: [{ title: 'All', names: Object.keys(standard) }] }],
    read: () =>
      Object.entries(standard).map(([name, text]) => ({
        room: name === 'STORAGE_DB_POOL' ? 'storage' : 'auth',
        name,
        type: 'text',
        help: `Help of ${name}.`,
        secret: secrets.includes(name),
        isSet: set.has(name),
        ...(!secrets.includes(name) && { text: set.get(name) ?? text }),
        standard: text,
        origin: set.has(name) ? `dashboard.env:2 ${name}` : 'default',
        changedHere: set.has(name),
        counts: name === 'JWT_SECRET' ? 'file' : 'room',
        waits: false,
      })),
    async update(decide) {
      const before = set;
      const after = decide(before);
      if (after.get('SITE_URL')?.includes('://') === false)
        throw Object.assign(new Error('SITE_URL must be an address'), {
          problems: [{ name: 'SITE_URL', message: 'must be an address' }],
        });
      set = after;
      return { before, after };
    },
  };
}

/** A desk whose templates are texts, and whose mail server knows one address. */
export function fakeMailDesk(): MailDesk {
  return {
    standard: [{ kind: 'invite', subject: 'Come', body: '<p>Come</p>', variables: ['Token'] }],
    preview({ kind, subject, body }) {
      if (kind !== 'invite') throw new ServiceError('validation_failed', 400, `There are no mails of kind ${kind}`);
      return { subject, html: body };
    },
    async send(_draft, to) {
      if (to !== 'me@example.com') throw new Error('550 no such mailbox');
    },
  };
}
