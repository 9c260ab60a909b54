import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendBody, sendJson } from '#kernel/http';
import type { Inbox } from '../core/mail/inbox.ts';
import { inboxPage, inboxPolicy } from './inbox-page.ts';

const noStore = { 'cache-control': 'no-store' };

/**
 * Shows captured mails: `GET /inbox` as a page, or as JSON where `Accept` asks for it, and `GET /inbox/messages.json`.
 * Whoever mounts this guards it: mails hold sign-in links.
 */
export function inboxHandler(inbox: Inbox): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]?.replace(/\/+$/, '');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendJson(response, 405, { message: 'Method not allowed' }, { allow: 'GET' });
    const wantsJson = /\bapplication\/json\b/.test(request.headers.accept ?? '');
    if (path === '/inbox/messages.json' || (path === '/inbox' && wantsJson))
      return sendJson(response, 200, inbox.list(), noStore);
    if (path !== '/inbox') return sendJson(response, 404, { message: 'Not found' });
    return sendBody(
      response,
      200,
      {
        ...noStore,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': inboxPolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      },
      inboxPage(inbox.list()),
    );
  };
}
