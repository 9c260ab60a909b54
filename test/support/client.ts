import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import type { StackAddress } from './stack.ts';

/** The official client; `any` rows, since the tests bring their own tables. */
// biome-ignore lint/suspicious/noExplicitAny: what the client itself defaults to
export type Client = SupabaseClient<any, any, any>;

// Node 20 has no WebSocket, without which the client refuses to be made; nothing here opens a channel.
class NoSocket {
  constructor() {
    throw new Error('this test uses no realtime channel');
  }
}

/** The official client as an application on a server would make it; `experimental` switches on methods it hides. */
export function newClient(
  stack: Pick<StackAddress, 'url'>,
  key: string,
  experimental: { passkey?: true } = {},
): Client {
  return createClient(stack.url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, experimental },
    realtime: { transport: NoSocket as never },
  });
}

/** Signs a new user up (the stack confirms at once) and gives back a client with the session. */
export async function signedUpClient(
  stack: StackAddress,
  email: string,
  password = 'correct horse 1',
): Promise<{ readonly client: Client; readonly id: string; readonly email: string; readonly token: string }> {
  const client = newClient(stack, stack.env.anonKey);
  const { data, error } = await client.auth.signUp({ email, password });
  if (error) throw error;
  if (!data.user || !data.session) throw new Error('sign-up gave no session');
  return { client, id: data.user.id, email, token: data.session.access_token };
}

/** Repeats until a condition holds. @throws Error when it does not within `timeout` milliseconds */
export async function until(what: string, condition: () => Promise<boolean>, timeout = 15_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeout / 1_000} s`);
    await sleep(25);
  }
}

/** Waits until rest knows tables that were made a moment ago. */
export async function untilServed(stack: StackAddress, tables: readonly string[], schema = 'public'): Promise<void> {
  for (const table of tables)
    await until(`table ${table} being served`, async () => {
      const answer = await fetch(`${stack.url}/rest/v1/${table}?limit=0`, {
        headers: { apikey: stack.env.serviceKey, 'accept-profile': schema },
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    });
}
