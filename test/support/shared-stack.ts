import type { TestProject } from 'vitest/node';
import { freePorts } from './ports.ts';
import { type StackAddress, startStack } from './stack.ts';

/** The stack that the files of project `conformance` share. Tests use tables and users of their own. */
export interface SharedStack extends StackAddress {
  readonly directRestPort: number;
  readonly directAuthPort: number;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stack: SharedStack;
  }
}

/** Vitest's global set-up of project `conformance`: one stack for the run, with autoconfirm and the rooms' own ports. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
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
  project.provide('stack', { url, dbPort, cwd, env, directRestPort, directAuthPort });
  return () => stack.stop();
}
