import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnvFile } from '#kernel/config';
import { createVerifier, type KeySetSource, loadKeySet, type Verifier } from '#kernel/jwt';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { FunctionsPorts } from '../ports.ts';
import type { FunctionsSettings } from '../settings.ts';
import { functionVariables } from './environment.ts';
import { entryOf, type Journal } from './events/journal.ts';
import { createPool } from './pool/create-pool.ts';
import type { Lease, Pool } from './pool/pool.ts';
import type { Wanted } from './pool/starts.ts';
import type { CatalogueReader } from './project/catalogue.ts';
import type { FunctionDefinition } from './project/definition.ts';
import { denoVariables, functionsFolder, openCatalogue, openSecrets, placeOptions } from './project.ts';
import type { SecretStore } from './secrets/secret-store.ts';
import { createSender, type SenderOptions } from './triggers/send.ts';
import { createTriggers, type Triggers } from './triggers/triggers.ts';
import { closePlace, openPlace, type WorkerPlace } from './worker/place.ts';
import { startWorker } from './worker/start-worker.ts';
import { createTypeCheck } from './worker/type-check.ts';
import { BootFailure, type Worker, type WorkerNews } from './worker/worker.ts';

/** What the functions of a project are made of. */
export interface FunctionsOptions {
  readonly settings: FunctionsSettings;
  readonly ports: FunctionsPorts;
  readonly log: Logger;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Sends a request of the program's own to a worker. */
  readonly call: SenderOptions['call'];
}

/** The functions of a project, running. */
export interface Functions {
  readonly settings: FunctionsSettings;
  readonly folder: string;
  readonly catalogue: CatalogueReader;
  readonly secrets: SecretStore;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Keys of tokens; loaded at the first use. */
  verifier(): Promise<Verifier>;
  /** A worker for a request. @throws ServiceError, see `Pool.acquire` */
  acquire(definition: FunctionDefinition): Promise<Lease>;
  /** The same without waiting; undefined where that cannot be. */
  take(definition: FunctionDefinition): Lease | undefined;
  readonly workers: ReadonlySet<Worker>;
  readonly triggers: Triggers;
  stop(): Promise<void>;
}

/** Joins the parts. Nothing is started and no folder made before the first request. */
export function createFunctions({ settings, ports, log, clock, journal, call }: FunctionsOptions): Functions {
  const folder = functionsFolder(settings, ports);
  const now = () => performance.now();
  const secrets = openSecrets(settings, ports, clock);
  const catalogue = openCatalogue(settings, ports, (problem) => log.warn({}, problem));
  const wanted = new WeakMap<FunctionDefinition, Promise<Wanted>>();
  const known = new WeakMap<FunctionDefinition, Wanted>();
  let place: WorkerPlace | undefined;
  let keys: Promise<Verifier> | undefined;

  function onNews(of: { readonly id: string; readonly definition: FunctionDefinition }, news: WorkerNews): void {
    const entry = entryOf(news, { function: of.definition.name, execution_id: of.id, timestamp: clock.now() });
    journal.append(entry);
    const { function: name, execution_id: execution, event_type: event, level, event_message: text, detail } = entry;
    const { request_id: reqId } = entry;
    const write = level === 'warning' ? 'warn' : level;
    log[write]({ ...(reqId !== undefined && { reqId }), function: name, execution, event, ...detail }, text);
  }

  const placeOf = (): WorkerPlace => {
    place ??= openPlace(placeOptions(settings, ports));
    return place;
  };
  const check = settings.typeCheck
    ? createTypeCheck(placeOf, folder, denoVariables(settings), settings.bootTimeout)
    : undefined;

  async function inspect({ definition }: Wanted): Promise<void> {
    const message = await check?.(definition);
    if (message === undefined) return;
    onNews({ id: randomUUID(), definition }, { kind: 'boot-failure', message });
    throw new BootFailure(message);
  }

  const pool: Pool = createPool(settings.policy, settings.maxParallel, {
    inspect,
    limits: settings,
    maxWorkers: settings.maxWorkers,
    waitTimeout: settings.waitTimeout,
    maxWaiting: settings.maxWaiting,
    idleTimeout: settings.idleTimeout,
    now,
    start({ definition, revision, env }, nodeServer) {
      const host = {
        place: placeOf(),
        folder,
        memory: settings.memory,
        bootTimeout: settings.bootTimeout,
        exitTimeout: settings.exitTimeout,
        reach: settings.reach,
        allowedHosts: [new URL(ports.stack().url).host, ...settings.reachAllow],
        denoEnv: denoVariables(settings),
        now,
        onNews,
      };
      return startWorker(host, { definition, revision, env, nodeServer });
    },
  });

  async function want(definition: FunctionDefinition): Promise<Wanted> {
    const env = await variablesOf(definition);
    const variables = createHash('sha256').update(JSON.stringify(env)).digest('base64url');
    const found = { definition, revision: `${definition.revision} ${variables}`, env };
    known.set(definition, found);
    return found;
  }

  async function variablesOf(definition: FunctionDefinition): Promise<Record<string, string>> {
    const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '');
    const { entries } = parseEnvFile('.env', text, ports.variable);
    const { secrets: config } = await catalogue.read();
    const file = Object.fromEntries([...entries].map(([name, { value }]) => [name, value]));
    return functionVariables(ports.stack(), settings, { file, config, secrets: secrets.values(), own: definition.env });
  }

  async function acquire(definition: FunctionDefinition): Promise<Lease> {
    // Each look at the folders makes new definitions, so variables are read anew as often as files.
    let ready = wanted.get(definition);
    if (ready === undefined) {
      ready = want(definition);
      wanted.set(definition, ready);
      ready.catch(() => wanted.delete(definition));
    }
    return pool.acquire(await ready);
  }

  const triggers = createTriggers({
    settings,
    log,
    database: ports.database,
    configured: async () => (await catalogue.read()).triggers,
    send: createSender({
      find: (name) => catalogue.find(name),
      acquire,
      call,
      serviceKey: () => ports.stack().serviceRoleKey,
      journal,
      now: () => clock.now(),
    }),
    announce: () => ports.triggersAnnounced?.publish(),
  });
  const unsubscribe = ports.triggersAnnounced?.subscribe(() => triggers.begin());

  return {
    settings,
    folder,
    catalogue,
    secrets,
    journal,
    clock,
    verifier() {
      keys ??= loadKeys(settings, clock);
      return keys;
    },
    acquire,
    take(definition) {
      const found = known.get(definition);
      return found && pool.take(found);
    },
    triggers,
    workers: pool.workers,
    async stop() {
      unsubscribe?.();
      await triggers.stop();
      await pool.stop();
      if (place) closePlace(place);
      place = undefined;
    },
  };
}

async function loadKeys({ jwtSecret, jwtJwks }: FunctionsSettings, clock: Clock): Promise<Verifier> {
  const keys = await loadKeySet({
    ...(jwtSecret !== undefined && { secret: jwtSecret }),
    ...(jwtJwks && { jwks: jwtJwks as unknown as NonNullable<KeySetSource['jwks']> }),
  });
  return createVerifier({ keys, cacheEntries: 1_000, now: () => clock.now() });
}
