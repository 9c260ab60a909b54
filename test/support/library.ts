import { readFileSync } from 'node:fs';
import { type Client, newClient, untilServed } from './client.ts';
import { type RawAnswer, send } from './raw-http.ts';
import { runSql } from './sql.ts';
import { type Stack, startStack } from './stack.ts';

/** What a request to the library carries. */
export interface LibraryRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
  /** Whose key is sent. Default: the anonymous one. */
  readonly as?: 'anon' | 'service';
}

/** A stack of its own that serves `fixtures/library.sql`, with everything switched on that is off by default. */
export interface Library {
  readonly stack: Stack;
  /** The official client on schema `library`. */
  readonly client: ReturnType<Client['schema']>;
  /** Sends a request as it stands; blanks, quotes and letters beyond ASCII in the path are escaped. */
  ask(method: string, path: string, request?: LibraryRequest): Promise<RawAnswer>;
  /** What a GET answers, parsed. */
  rows(path: string, request?: LibraryRequest): Promise<unknown>;
}

const folder = new URL('../conformance/fixtures/', import.meta.url);

/** Starts the program and fills its database. @param env settings besides those of the library */
export async function startLibrary(env: Readonly<Record<string, string>> = {}): Promise<Library> {
  const stack = await startStack({
    env: {
      PGRST_DB_SCHEMAS: 'library,archive',
      PGRST_DB_EXTRA_SEARCH_PATH: 'tools,extensions',
      PGRST_DB_AGGREGATES_ENABLED: 'true',
      PGRST_DB_PLAN_ENABLED: 'true',
      PGRST_DB_TX_END: 'commit-allow-override',
      ...env,
    },
  });
  try {
    for (const file of ['library.sql', 'library-functions.sql'])
      await runSql(stack, readFileSync(new URL(file, folder), 'utf8'));
    await untilServed(stack, ['books', 'from, where; --'].map(encodeURIComponent), 'library');
    await untilCallable(stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const ask: Library['ask'] = (method, path, { headers = {}, body, as = 'anon' } = {}) => {
    const isPlain = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
    const type = isPlain ? {} : { 'content-type': 'application/json' };
    return send(stack.url, {
      method,
      path: `/rest/v1${escaped(path)}`,
      headers: { apikey: as === 'anon' ? stack.env.anonKey : stack.env.serviceKey, ...type, ...headers },
      ...(body === undefined ? {} : { body: isPlain ? body : JSON.stringify(body) }),
    });
  };
  return {
    stack,
    client: newClient(stack, stack.env.anonKey).schema('library'),
    ask,
    rows: async (path, request) => JSON.parse((await ask('GET', path, request)).body) as unknown,
  };
}

// Tables and functions are made one after the other, and so may be read of.
async function untilCallable(stack: Stack): Promise<void> {
  const path = '/rest/v1/rpc/as_html';
  for (;;) {
    const { status } = await send(stack.url, { path, headers: { apikey: stack.env.anonKey } });
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Percent-encodes what no request line may hold; escapes that are there stay. */
const escaped = (path: string): string => encodeURI(path).replaceAll('%25', '%');
