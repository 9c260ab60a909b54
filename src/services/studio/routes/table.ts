import type { FastifyInstance, FastifyReply, FastifyRequest } from '#kernel/http';
import type { Assets } from '../core/assets.ts';
import type { StudioContext } from '../core/context.ts';
import { reaches } from '../core/role.ts';
import { isOwnRequest } from '../core/same-origin.ts';
import { studioError } from '../errors.ts';
import { addAuditEntry } from '../sql/audit.ts';
import { assistantGet, assistantPost } from './assistant.ts';
import { callerOf } from './caller.ts';
import { lintsGet } from './lints.ts';
import { mailPreviewGet, mailPreviewPost, mailsGet, mailTestPost } from './mails.ts';
import { auditGet, operatorsDelete, operatorsGet, operatorsPatch, operatorsPost, passwordPut } from './operators.ts';
import { assetRoute, pageRoute, safeHeaders } from './page.ts';
import { passkeyOfferPost, passkeysDelete, passkeysGet, passkeysPost } from './passkeys.ts';
import { passwordVerifierPost } from './password-verifier.ts';
import { profileRoute } from './profile.ts';
import { projectGet, revealPost, servicesGet } from './project.ts';
import type { Route } from './route.ts';
import { secondFactorDelete, secondFactorPost, secondFactorPut } from './second-factor.ts';
import {
  passkeySignInRoute,
  sessionDelete,
  sessionRoute,
  sessionsDelete,
  sessionsGet,
  signInRoute,
} from './session.ts';
import { settingsGet, settingsHistoryGet, settingsPatch, settingsUndoPost } from './settings.ts';
import { snippetDelete, snippetGet, snippetPatch, snippetPut, snippetsGet } from './snippets.ts';
import { vaultRevealPost } from './vault.ts';

/** Endpoints of the dashboard itself; what is passed on to other rooms is in `core/rooms.ts`. */
const routes: readonly Route[] = [
  sessionDelete,
  sessionsGet,
  sessionsDelete,
  passwordPut,
  secondFactorPost,
  secondFactorPut,
  secondFactorDelete,
  passkeysGet,
  passkeyOfferPost,
  passkeysPost,
  passkeysDelete,
  operatorsGet,
  operatorsPost,
  operatorsPatch,
  operatorsDelete,
  auditGet,
  lintsGet,
  vaultRevealPost,
  passwordVerifierPost,
  servicesGet,
  projectGet,
  revealPost,
  settingsGet,
  settingsPatch,
  settingsHistoryGet,
  settingsUndoPost,
  mailsGet,
  mailPreviewPost,
  mailTestPost,
  snippetsGet,
  snippetGet,
  snippetPut,
  snippetPatch,
  snippetDelete,
  assistantGet,
  assistantPost,
];

/** All routes of the studio room. */
export function bindRoutes(app: FastifyInstance, context: StudioContext, assets: () => Assets | undefined): void {
  app.get('/api/platform/profile', profileRoute());
  app.get('/api/studio/session', sessionRoute(context));
  app.post('/api/studio/session', signInRoute(context));
  app.post('/api/studio/session/passkey', passkeySignInRoute(context));
  for (const route of routes)
    app.route({ method: route.method, url: `/api/studio${route.path}`, handler: guarded(context, route) });
  app.get('/api/studio/mails/previews/:id', mailPreviewGet(context));
  app.get('/assets/:name', assetRoute(assets));
  const page = pageRoute(assets);
  app.get('/', page);
  app.get('/*', async (request, reply) => {
    // Whoever asks for a script or an interface that is not there has no use for the page.
    if (/^\/(api|assets)(\/|$)/.test(request.url)) throw studioError('not_found');
    return page(request, reply);
  });
}

function guarded(context: StudioContext, { role, handle }: Route) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    void reply.headers(safeHeaders).header('cache-control', 'no-store');
    if (!isOwnRequest(request.method, request.headers)) throw studioError('foreign_origin');
    const caller = await callerOf(context, request.raw);
    if (!caller) throw studioError('signed_out');
    if (!reaches(caller.role, role)) throw studioError('role_too_low');
    const note = (action: string, target: string) =>
      addAuditEntry(
        context.db,
        { operator: caller.name, action, target, address: caller.address },
        context.clock.now(),
      );
    const body = request.body !== null && typeof request.body === 'object' ? request.body : {};
    const answer = await handle({ context, caller, request, reply, note, body: body as Record<string, unknown> });
    return reply.sent ? reply : answer;
  };
}
