import type { IncomingMessage } from 'node:http';
import { availableParallelism } from 'node:os';
import { StartupError } from '#kernel/errors';
import { type App, createApp, requestContext, setRequestContext } from '#kernel/http';
import { createSigner, createVerifier, type KeySet, type KeySetSource, loadKeySet, type Signer } from '#kernel/jwt';
import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createDatabase, type Database } from '#kernel/sql';
import { createCleaner } from './core/cleaner.ts';
import type { AuthContext } from './core/context.ts';
import { createHooks, HookSettingError } from './core/hooks/hooks.ts';
import { type CapturedMail, createInbox } from './core/mail/inbox.ts';
import { createPostOffice, type MailTransport } from './core/mail/post-office.ts';
import { createAttempts } from './core/one-time/attempts.ts';
import { createStrangers } from './core/one-time/frequency.ts';
import { createCodeHasher } from './core/one-time-code.ts';
import { parseRequiredCharacters } from './core/password-rules.ts';
import { createPasswords } from './core/passwords.ts';
import { createRedirectPolicy } from './core/redirect.ts';
import { unservedSettings } from './core/unserved.ts';
import { authError } from './errors.ts';
import type { AuthPorts } from './ports.ts';
import { inboxHandler } from './routes/inbox.ts';
import { createLimits } from './routes/limits.ts';
import { sendError } from './routes/run.ts';
import { bindRoutes } from './routes/table.ts';
import type { AuthSettings } from './settings.ts';
import { authMigrations, migrate } from './sql/migrations/index.ts';
import { openMailTransport } from './wire/smtp.ts';

/** What the auth room is made of. */
export interface AuthDeps extends AuthPorts {
  readonly settings: AuthSettings;
  readonly log: Logger;
}

/** What the auth room offers others. */
export interface AuthApi {
  /** Mails that were captured because no mail server is configured, newest first. */
  readonly inbox: { list(): readonly CapturedMail[] };
  /** Where mails go; undefined before the start. */
  readonly mailDelivery: () => 'smtp' | 'inbox' | undefined;
}

/** Users, sessions and everything by which people sign in. */
export const authRoom: RoomDefinition<AuthDeps, AuthApi> = { name: 'auth', create };

/** Prefix that clients put before every path; on the room's own port it is tolerated. */
const publicPrefix = '/auth/v1';

/** Where the gateway is unless anybody says otherwise. */
const standardUrl = 'http://localhost:8000';

interface Running {
  readonly app: App;
  readonly db: Database;
  readonly mail: MailTransport;
}

function create(deps: AuthDeps): Room<AuthApi> {
  const { settings, log } = deps;
  const inbox = createInbox(settings.inboxSize);
  const showInbox = inboxHandler(inbox);
  let running: Running | undefined;

  async function start(): Promise<void> {
    const clock = deps.clock ?? systemClock;
    const { keys, signer } = await readKeys(settings);
    const redirects = readPolicy(settings);
    assertConsistent(settings);
    for (const setting of unservedSettings(settings))
      log.warn({ setting }, `${setting} is set, but this release does not serve what it is for`);
    const connection = deps.database();
    const migrated = await migrate(connection, authMigrations);
    if (migrated) log.info({}, 'schema auth brought up to date');
    const mail = await openMailTransport(settings, inbox, clock);
    const db = createDatabase({ connection, size: settings.poolSize, queueLimit: settings.poolQueue });
    const context: AuthContext = {
      settings,
      db,
      clock,
      log,
      passwords: createPasswords(
        settings.passwordConcurrency || Math.max(1, availableParallelism() - 1),
        settings.passwordQueue,
      ),
      passwordRules: {
        minLength: settings.passwordMinLength,
        requiredSets: parseRequiredCharacters(settings.passwordRequiredCharacters),
      },
      codes: createCodeHasher(keys.secret as string),
      signer,
      post: readPost(settings, mail, clock),
      redirects,
      strangers: createStrangers(settings.rateLimitClients),
      attempts: createAttempts(settings.otpAttempts, settings.rateLimitClients),
      hooks: readHooks(settings, { db, egress: deps.egress, clock, log }),
      egress: deps.egress,
      externalBase: () => settings.externalUrl ?? deps.publicUrl?.() ?? standardUrl,
    };
    const cleaner = createCleaner(context);
    const app = createApp({
      log,
      bodyLimit: settings.bodyLimit,
      onError: (error, request, reply) => sendError(context, error, request, reply),
      onNotFound: (request, reply) => sendError(context, authError('unknown_route'), request, reply),
      routes: (instance) =>
        bindRoutes(
          instance,
          {
            context,
            verifier: createVerifier({ keys, cacheEntries: settings.jwtCacheEntries, now: () => clock.now() }),
            limits: createLimits(settings),
            afterWrite: cleaner,
          },
          keys,
        ),
    });
    running = { app, db, mail };
    await app.ready();
  }

  return {
    mounts: [
      {
        name: 'auth',
        handle(request, response) {
          if (request.url?.startsWith(`${publicPrefix}/`)) request.url = request.url.slice(publicPrefix.length);
          nameRequest(settings, request);
          if (running) running.app.handle(request, response);
          else response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
        },
      },
      { name: 'inbox', handle: showInbox },
    ],
    api: { inbox: { list: inbox.list }, mailDelivery: () => running?.mail.delivery },
    start,
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.app.close();
      stopping?.mail.close();
      await stopping?.db.close();
    },
    async health() {
      if (!running) return { status: 'starting' };
      const { db, mail } = running;
      await db.query('select 1');
      return { status: 'healthy', detail: { mail: mail.delivery, connections: db.stats.open } };
    },
  };
}

async function readKeys(settings: AuthSettings): Promise<{ keys: KeySet; signer: Signer }> {
  const { jwtSecret, jwtKeys } = settings;
  if (jwtSecret === undefined) throw new StartupError('auth needs a secret to sign tokens with', 'JWT_SECRET');
  try {
    const keys = await loadKeySet({
      secret: jwtSecret,
      ...(jwtKeys && jwtKeys.length > 0 && { keys: jwtKeys as NonNullable<KeySetSource['keys']> }),
    });
    return { keys, signer: await createSigner(keys, settings.jwtKeyId) };
  } catch (error) {
    throw new StartupError(`JWT_KEYS cannot be used: ${(error as Error).message}`, 'JWT_KEYS', error);
  }
}

// On the room's own port a proxy may have given the request a name already.
function nameRequest({ requestIdHeader }: AuthSettings, request: IncomingMessage): void {
  if (requestIdHeader === undefined || requestContext(request).viaGateway) return;
  const given = request.headers[requestIdHeader.toLowerCase()];
  if (typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given)) setRequestContext(request, { id: given });
}

function readPolicy(settings: AuthSettings): AuthContext['redirects'] {
  try {
    return createRedirectPolicy(settings.siteUrl, settings.uriAllowList);
  } catch (error) {
    throw new StartupError((error as Error).message, 'ADDITIONAL_REDIRECT_URLS', error);
  }
}

function readPost(
  settings: AuthSettings,
  mail: MailTransport,
  clock: NonNullable<AuthPorts['clock']>,
): AuthContext['post'] {
  try {
    return createPostOffice(settings, mail, clock);
  } catch (error) {
    throw new StartupError((error as Error).message, undefined, error);
  }
}

function readHooks(...args: Parameters<typeof createHooks>): AuthContext['hooks'] {
  try {
    return createHooks(...args);
  } catch (error) {
    if (error instanceof HookSettingError) throw new StartupError(error.message, error.setting, error);
    throw error;
  }
}

function assertConsistent(settings: AuthSettings): void {
  if (settings.autoconfirm && settings.allowUnverifiedEmail)
    throw new StartupError(
      'confirming all addresses and letting unconfirmed ones in exclude each other',
      'ENABLE_EMAIL_AUTOCONFIRM',
    );
}
