import type { IncomingMessage, ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { StartupError } from '#kernel/errors';
import { type App, createApp, isRequestId, requestContext, setRequestContext } from '#kernel/http';
import { createSigner, createVerifier, type KeySet, type KeySetSource, loadKeySet, type Signer } from '#kernel/jwt';
import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { processFamilies } from '#kernel/metrics';
import { createDatabase, type Database } from '#kernel/sql';
import { createCleaner } from './core/cleaner.ts';
import { openColumns } from './core/column-keys.ts';
import type { AuthContext } from './core/context.ts';
import { createSignInBinding } from './core/external/binding.ts';
import { createOidc } from './core/external/oidc.ts';
import { createHooks, HookSettingError } from './core/hooks/hooks.ts';
import { createLeakCheck } from './core/leaked-passwords.ts';
import { createLocalLimits, createSharedLimits, type SharedLimits } from './core/limits/shared-limits.ts';
import { createAddressCheck } from './core/mail/address-check.ts';
import { createInbox, type Inbox } from './core/mail/inbox.ts';
import type { MailDesk } from './core/mail/mail-desk.ts';
import { openPost, type Post } from './core/mail/open-post.ts';
import { createMetrics, type Metrics } from './core/metrics.ts';
import { matchTotp, newTotpSecret, totpUri } from './core/mfa/totp.ts';
import { createAttempts } from './core/one-time/attempts.ts';
import { doPostponed } from './core/one-time/mail-requests.ts';
import { createCodeHasher } from './core/one-time-code.ts';
import { describeOutage } from './core/outage.ts';
import { parseRequiredCharacters } from './core/password-rules.ts';
import { createPasswords, type Passwords } from './core/passwords.ts';
import { createSharedProfiler, type SharedProfiler } from './core/profiler/profiler.ts';
import { createRedirectPolicy } from './core/redirect.ts';
import { passingToken } from './core/session/passing-token.ts';
import { purposeOf } from './core/settings/foreign.ts';
import { leveled } from './core/settings/log.ts';
import { createSmsOffice, SmsSettingError } from './core/sms/office.ts';
import { createSaml } from './core/sso/service.ts';
import { unservedSettings } from './core/unserved.ts';
import { type PasskeyCeremonies, passkeyCeremonies } from './core/webauthn/ceremonies.ts';
import { authError } from './errors.ts';
import type { AuthPorts } from './ports.ts';
import { inboxHandler } from './routes/inbox.ts';
import { createLimits } from './routes/limits.ts';
import { sendError } from './routes/run.ts';
import { createSidePort, type SidePort } from './routes/side-port.ts';
import { openSidePorts } from './routes/side-ports.ts';
import { bindRoutes } from './routes/table.ts';
import type { AuthSettings } from './settings.ts';
import { addRecoveryKind } from './sql/factor-kinds.ts';
import { authMigrations, migrate } from './sql/migrations/index.ts';
import { makeOwnTables, ownSchema } from './sql/own-tables.ts';
import { samlProtocol } from './wire/saml.ts';
import { openMailTransport } from './wire/smtp.ts';

/** What the auth room is made of. */
export interface AuthDeps extends AuthPorts {
  readonly settings: AuthSettings;
  readonly log: Logger;
  /** Those of the room whose place this one takes, if it takes one. */
  readonly heirlooms?: AuthHeirlooms;
}

/** What outlives a room when another takes its place: mails that were captured, counts, and ports that are open. */
export interface AuthHeirlooms {
  readonly inbox: Inbox;
  readonly metrics: Metrics;
  readonly metricsPort: SidePort;
  readonly profilerPort: SidePort;
  readonly profiler: SharedProfiler;
}

/** What the auth room offers others. */
export interface AuthApi {
  /** Mails that were captured because no mail server is configured, newest first. */
  readonly inbox: Pick<Inbox, 'list' | 'add'>;
  /** Where mails go; undefined before the start. */
  readonly mailDelivery: () => 'smtp' | 'inbox' | undefined;
  /** For the room that takes this one's place. */
  readonly heirlooms: AuthHeirlooms;
  /** Hashing of passwords and one-time codes for accounts that are no users; undefined while the room does not run. */
  readonly credentials: () => AuthCredentials | undefined;
  /** For who writes templates of mails; undefined while the room does not run. */
  readonly mailDesk: () => MailDesk | undefined;
  /**
   * A token of a user that no session stands behind, for a minute; undefined without such a user, or while the room does not run.
   *
   * @param id a UUID
   * @throws whatever the application's hook for claims says
   */
  readonly userToken: (id: string) => Promise<string | undefined>;
}

/** What accounts elsewhere are checked with, by the same threads and bounds as those of users. */
export interface AuthCredentials {
  /** @throws ServiceError over_request_rate_limit when too many wait */
  hashPassword(password: string): Promise<string>;
  /** Takes as long without a hash to compare to. @throws ServiceError over_request_rate_limit when too many wait */
  verifyPassword(password: string, hash: string | null): Promise<boolean>;
  newTotpSecret(): string;
  totpUri(secret: string, issuer: string, account: string): string;
  /** The step of a code that was not used before. @param after step used last @param now milliseconds */
  matchTotp(secret: string, code: string, after: number, now: number): number | undefined;
  readonly passkeys: PasskeyCeremonies;
}

/** Users, sessions and everything by which people sign in. */
export const authRoom: RoomDefinition<AuthDeps, AuthApi> = { name: 'auth', create };

/** Prefix that clients put before every path; on the room's own port it is tolerated. */
const publicPrefix = '/auth/v1';

/** Where the gateway is unless anybody says otherwise. */
const standardUrl = 'http://localhost:8000';

interface Running {
  readonly context: AuthContext;
  readonly app: App;
  readonly db: Database;
  readonly post: Post;
  readonly limits: SharedLimits;
  readonly passwords: Passwords;
  /** Ends what is offered on ports beside the room's. */
  readonly endSidePorts: () => Promise<void>;
}

function create(deps: AuthDeps): Room<AuthApi> {
  const settings = withinBounds(deps.settings);
  const log = leveled(deps.log, settings.logLevel);
  const heirlooms = deps.heirlooms ?? {
    inbox: createInbox(settings.inboxSize),
    metrics: createMetrics(),
    metricsPort: createSidePort(),
    profilerPort: createSidePort(),
    profiler: createSharedProfiler(),
  };
  const { inbox } = heirlooms;
  const showInbox = inboxHandler(inbox);
  let running: Running | undefined;

  async function start(): Promise<void> {
    const clock = deps.clock ?? systemClock;
    const { keys, signer } = await readKeys(settings);
    const redirects = readPolicy(settings);
    const columns = openColumns(settings);
    assertConsistent(settings);
    if (settings.jwtExpiry < deps.settings.jwtExpiry)
      log.warn(
        { setting: 'JWT_EXPIRY', seconds: settings.jwtExpiry },
        'JWT_EXPIRY is longer than STACK_AUTH_JWT_MAX_EXPIRY, which counts instead',
      );
    for (const setting of unservedSettings(settings))
      log.warn({ setting }, `${setting} is set, but this release does not serve ${purposeOf(setting)}`);
    const connection = deps.database();
    const migrated = await migrate(connection, authMigrations);
    if (migrated) log.info({}, 'schema auth brought up to date');
    const kept = { add: deps.keepMail ?? inbox.add };
    const transport = await openMailTransport(settings, kept, clock);
    const db = createDatabase({ connection, size: settings.poolSize, queueLimit: settings.poolQueue, prepares: true });
    const hasOwnTables = await ownTables(db, log);
    await addFactorKinds(settings, db);
    const limits = (hasOwnTables ? createSharedLimits : createLocalLimits)({
      db,
      clock,
      log,
      size: settings.rateLimitClients,
    });
    const post = openPost({
      settings,
      db,
      clock,
      log,
      egress: deps.egress,
      transport,
      limits,
      secret: keys.secret as string,
      canKeep: hasOwnTables,
    });
    limits.start();
    const externalBase = (): string => settings.externalUrl ?? deps.publicUrl?.() ?? standardUrl;
    const { metrics } = heirlooms;
    const passwords = metrics.counting(
      createPasswords(
        settings.passwordConcurrency || Math.max(1, availableParallelism() - 1),
        settings.passwordQueue,
        settings.passwordNiceness,
      ),
    );
    const context: AuthContext = {
      settings,
      db,
      clock,
      log,
      passwords,
      passwordRules: {
        minLength: settings.passwordMinLength,
        requiredSets: parseRequiredCharacters(settings.passwordRequiredCharacters),
        ...(settings.hibpEnabled && { isLeaked: createLeakCheck(settings, deps.egress) }),
      },
      codes: createCodeHasher(keys.secret as string),
      columns,
      binding: createSignInBinding(keys.secret as string),
      signer,
      post: post.office,
      assertMailable: createAddressCheck(settings, deps.egress),
      redirects,
      attempts: createAttempts(limits, settings.otpAttempts),
      hooks: readHooks(settings, { db, egress: deps.egress, clock, log }),
      egress: deps.egress,
      oidc: createOidc(deps.egress, clock, settings.externalOidcCacheTtl, settings.externalTimeout),
      limits,
      sms: readSms({ settings, egress: deps.egress, inbox: kept, clock, limits }),
      saml: createSaml(settings, samlProtocol, externalBase),
      externalBase,
    };
    post.start((request) => doPostponed(context, request));
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
            limits: createLimits(settings, limits),
            afterWrite: cleaner,
            metrics,
          },
          keys,
        ),
    });
    running = { context, app, db, post, limits, passwords, endSidePorts: async () => {} };
    await app.ready();
    const endSidePorts = await openSidePorts({
      settings,
      heirlooms,
      log,
      families: () => [...metrics.families(db.stats), ...processFamilies()],
    });
    running = { ...running, endSidePorts };
    inbox.resize(settings.inboxSize);
  }

  return {
    mounts: [
      {
        name: 'auth',
        handle(request, response) {
          if (request.url?.startsWith(`${publicPrefix}/`)) request.url = request.url.slice(publicPrefix.length);
          nameRequest(settings, request, response);
          if (running) running.app.handle(request, response);
          else response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
        },
      },
      { name: 'inbox', handle: showInbox },
    ],
    api: {
      inbox,
      mailDelivery: () => running?.post.office.delivery,
      credentials: () => running && credentialsOf(running.passwords),
      mailDesk: () => running?.post.desk,
      userToken: async (id) => running && passingToken(running.context, id),
      heirlooms,
    },
    start,
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.endSidePorts();
      await stopping?.app.close();
      await stopping?.post.close();
      await stopping?.limits.stop();
      stopping?.passwords.close();
      await stopping?.db.close();
    },
    async health() {
      if (!running) return { status: 'starting' };
      const { db, post } = running;
      try {
        await db.query('select 1');
        const mails = await post.office.state();
        return {
          status: 'healthy',
          detail: { mail: post.office.delivery, connections: db.stats.open, ...(mails && { mails }) },
        };
      } catch (error) {
        const reason = describeOutage(error);
        if (reason === undefined) throw error;
        return { status: 'unhealthy', detail: { reason } };
      }
    },
    metrics: () => (running ? heirlooms.metrics.families(running.db.stats) : []),
  };
}

const credentialsOf = (passwords: Passwords): AuthCredentials => ({
  hashPassword: passwords.hash,
  verifyPassword: passwords.verify,
  newTotpSecret,
  totpUri,
  matchTotp,
  passkeys: passkeyCeremonies,
});

// A token cannot be called back, so one that lives for months is a password that nobody can change.
const withinBounds = (settings: AuthSettings): AuthSettings => ({
  ...settings,
  jwtExpiry: Math.min(settings.jwtExpiry, settings.jwtMaxExpiry),
});

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
function nameRequest({ requestIdHeader }: AuthSettings, request: IncomingMessage, response: ServerResponse): void {
  if (requestIdHeader === undefined || requestContext(request).viaGateway) return;
  const given = request.headers[requestIdHeader.toLowerCase()];
  if (!isRequestId(given)) return;
  setRequestContext(request, { id: given });
  response.setHeader('x-request-id', given);
}

function readPolicy(settings: AuthSettings): AuthContext['redirects'] {
  try {
    return createRedirectPolicy(settings.siteUrl, settings.uriAllowList);
  } catch (error) {
    throw new StartupError((error as Error).message, 'ADDITIONAL_REDIRECT_URLS', error);
  }
}

async function ownTables(db: Database, log: Logger): Promise<boolean> {
  const made = await makeOwnTables(db);
  if (!made)
    log.warn(
      { schema: ownSchema },
      'the database role may not create a schema: mails are sent while requests wait, and each node counts rates and wrong codes alone',
    );
  return made;
}

async function addFactorKinds(settings: AuthSettings, db: Database): Promise<void> {
  const { mfaRecoveryEnroll, mfaRecoveryVerify } = settings;
  if ((mfaRecoveryEnroll || mfaRecoveryVerify) && !(await addRecoveryKind(db)))
    throw new StartupError(
      'recovery codes need a value in the type auth.factor_type, which the database role may not add',
      mfaRecoveryEnroll ? 'GOTRUE_MFA_RECOVERY_CODES_ENROLL_ENABLED' : 'GOTRUE_MFA_RECOVERY_CODES_VERIFY_ENABLED',
    );
}

function readHooks(...args: Parameters<typeof createHooks>): AuthContext['hooks'] {
  try {
    return createHooks(...args);
  } catch (error) {
    if (error instanceof HookSettingError) throw new StartupError(error.message, error.setting, error);
    throw error;
  }
}

function readSms(...args: Parameters<typeof createSmsOffice>): AuthContext['sms'] {
  try {
    return createSmsOffice(...args);
  } catch (error) {
    const setting = error instanceof SmsSettingError ? error.setting : undefined;
    throw new StartupError((error as Error).message, setting, error);
  }
}

function assertConsistent(settings: AuthSettings): void {
  if (settings.captchaEnabled && !settings.captchaSecret)
    throw new StartupError('captchas need the secret of their provider', 'GOTRUE_SECURITY_CAPTCHA_SECRET');
  if (settings.autoconfirm && settings.allowUnverifiedEmail)
    throw new StartupError(
      'confirming all addresses and letting unconfirmed ones in exclude each other',
      'ENABLE_EMAIL_AUTOCONFIRM',
    );
}
