import type { FastifyReply, FastifyRequest } from '#kernel/http';
import type { StudioContext } from '../core/context.ts';
import { isOwnRequest } from '../core/same-origin.ts';
import { studioError } from '../errors.ts';
import type { MailDesk, MailDraft } from '../ports.ts';
import { callerOf } from './caller.ts';
import { safeHeaders } from './page.ts';
import type { Call, Route } from './route.ts';

const longestDraft = 500_000;

function deskOf({ ports }: StudioContext): MailDesk {
  const desk = ports.mailDesk();
  if (!desk) throw studioError('room_absent');
  return desk;
}

function draftOf({ body: { kind, subject, body } }: Call): MailDraft {
  if (typeof kind !== 'string' || typeof subject !== 'string' || typeof body !== 'string')
    throw studioError('invalid_request');
  if (subject.length + body.length > longestDraft) throw studioError('invalid_request');
  return { kind, subject, body };
}

/** What mails say unless settings say otherwise, with the variables of each kind. */
export const mailsGet: Route = {
  method: 'GET',
  path: '/mails',
  role: 'read-only',
  handle: ({ context }) => deskOf(context).standard,
};

/** Fills a draft in: `{kind, subject, body}` → `{subject, path}`, where it can be looked at for a while. */
export const mailPreviewPost: Route = {
  method: 'POST',
  path: '/mails/previews',
  role: 'developer',
  handle(call) {
    const { subject, html } = deskOf(call.context).preview(draftOf(call));
    return { subject, path: `/api/studio/mails/previews/${call.context.previews.add(html)}` };
  },
};

/** Sends a draft, filled in for somebody who does not exist: `{kind, subject, body, to}`. */
export const mailTestPost: Route = {
  method: 'POST',
  path: '/mails/test',
  role: 'owner',
  async handle(call) {
    const { to } = call.body;
    if (typeof to !== 'string' || !/^[^\s@,;<>]+@[^\s@,;<>]+$/.test(to)) throw studioError('invalid_request');
    await deskOf(call.context)
      .send(draftOf(call), to)
      .catch((error: unknown) => {
        if ((error as Error).name === 'ServiceError') throw error;
        throw studioError('mail_refused', { message: (error as Error).message, cause: error });
      });
    await call.note('test mail', to);
    return call.reply.code(204).send();
  },
};

// A mail is somebody's markup: it is shown in a frame of the dashboard, where it may do nothing and fetch only pictures.
const frameHeaders = {
  ...safeHeaders,
  'x-frame-options': 'SAMEORIGIN',
  'content-security-policy':
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; frame-ancestors 'self'",
  'cache-control': 'no-store',
};

/** `GET /api/studio/mails/previews/:id`: a draft as somebody would get it. */
export function mailPreviewGet(context: StudioContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (!isOwnRequest(request.method, request.headers)) throw studioError('foreign_origin');
    if (!(await callerOf(context, request.raw))) throw studioError('signed_out');
    const html = context.previews.find((request.params as { readonly id: string }).id);
    if (html === undefined) throw studioError('not_found');
    return reply.headers(frameHeaders).type('text/html; charset=utf-8').send(html);
  };
}
