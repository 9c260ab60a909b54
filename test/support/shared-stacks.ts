import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type NpmRegistry, startNpmRegistry } from './npm-registry.ts';
import { freePorts } from './ports.ts';
import { accessToken, type SharedStack } from './shared-stack.ts';
import { type Stack, startStack } from './stack.ts';

/**
 * Vitest's global set-up of project `conformance`: a stack for each worker, so that files run side by side without meeting
 * in one database, with autoconfirm and the rooms' own ports; and a registry for what functions import.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const registry = await startNpmRegistry();
  // Of its own, since the registry's address is another each time; open to the user that workers run as.
  const cache = mkdtempSync(join(tmpdir(), 'functions-cache-'));
  chmodSync(cache, 0o755);
  const stacks = Array.from({ length: project.config.maxWorkers }, () => startSharedStack(registry, cache));
  const started = await Promise.allSettled(stacks);
  const running = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async () => {
    await Promise.all([registry.close(), ...running.map(({ stack }) => stack.stop())]);
    rmSync(cache, { recursive: true, force: true });
  };
  const failure = started.find((each) => each.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  project.provide(
    'stacks',
    running.map(({ address }) => address),
  );
  return stop;
}

async function startSharedStack(
  registry: NpmRegistry,
  cache: string,
): Promise<{ readonly stack: Stack; readonly address: SharedStack }> {
  const [
    directAuthPort = 0,
    directRestPort = 0,
    studioPort,
    storagePort,
    realtimePort,
    imgproxyPort,
    metaPort,
    functionsPort,
  ] = await freePorts(8);
  const stack = await startStack({
    env: {
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      PGRST_DB_SCHEMAS: 'public,storage,graphql_public,pmoves_core',
      DIRECT_PORTS: 'on',
      VECTOR_ENABLED: 'true',
      SUPABASE_ACCESS_TOKEN: accessToken,
      NPM_CONFIG_REGISTRY: registry.url,
      FUNCTIONS_CACHE_DIR: cache,
      JSR_URL: `${registry.url}/jsr`,
      GATEWAY_DIRECT_AUTH_PORT: String(directAuthPort),
      GATEWAY_DIRECT_STUDIO_PORT: String(studioPort),
      GATEWAY_DIRECT_STORAGE_PORT: String(storagePort),
      GATEWAY_DIRECT_REALTIME_PORT: String(realtimePort),
      GATEWAY_DIRECT_IMGPROXY_PORT: String(imgproxyPort),
      GATEWAY_DIRECT_META_PORT: String(metaPort),
      GATEWAY_DIRECT_FUNCTIONS_PORT: String(functionsPort),
      PGRST_SERVER_PORT: String(directRestPort),
    },
  });
  const { url, dbPort, cwd, env } = stack;
  return { stack, address: { url, dbPort, cwd, env, directRestPort, directAuthPort } };
}
