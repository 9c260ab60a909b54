import type { IncomingMessage } from 'node:http';
import { requestContext } from '#kernel/http';
import type { Caller } from '../core/caller.ts';
import type { StudioContext } from '../core/context.ts';
import { readSession } from '../core/session.ts';

/** Who asks: the operator of the session cookie, or the account of the settings by HTTP Basic, which the gateway checked. */
export async function callerOf(context: StudioContext, request: IncomingMessage): Promise<Caller | undefined> {
  const address = addressOf(request);
  const found = await readSession(context, request.headers.cookie);
  if (found) {
    const { id, operatorId, name, role, secondFactor } = found;
    return { name, role, address, session: { id, operatorId, secondFactor } };
  }
  if (request.headers['x-consumer-username'] !== 'DASHBOARD') return undefined;
  return { name: context.ports.owner.username, role: 'owner', address };
}

/** Address of the client; between the processes of one machine the gateway's word counts. */
export function addressOf(request: IncomingMessage): string {
  const { remoteAddress } = requestContext(request);
  if (remoteAddress !== '') return remoteAddress;
  const chain = request.headers['x-forwarded-for'];
  return (typeof chain === 'string' ? chain.split(',').at(-1)?.trim() : undefined) ?? '';
}
