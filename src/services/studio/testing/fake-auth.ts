import { ServiceError } from '#kernel/errors';
import type { LiveSettings, MailDesk } from '../ports.ts';

const standard: Readonly<Record<string, string>> = { SITE_URL: 'http://localhost:3000', SMTP_PASS: '' };

/** Settings of an auth room that does not exist; a SITE_URL without a scheme is refused. */
export function fakeLiveSettings(): LiveSettings {
  let set: ReadonlyMap<string, string> = new Map();
  return {
    groups: [{ key: 'all', title: 'All', about: '', sections: [{ title: 'All', names: Object.keys(standard) }] }],
    read: () =>
      Object.entries(standard).map(([name, text]) => ({
        name,
        type: 'text',
        help: `Help of ${name}.`,
        secret: name === 'SMTP_PASS',
        isSet: set.has(name),
        ...(name !== 'SMTP_PASS' && { text: set.get(name) ?? text }),
        standard: text,
        origin: set.has(name) ? `dashboard.env:2 ${name}` : 'default',
        changedHere: set.has(name),
      })),
    async update(decide) {
      const before = set;
      const after = decide(before);
      if (after.get('SITE_URL')?.includes('://') === false) throw new Error('SITE_URL must be an address');
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
