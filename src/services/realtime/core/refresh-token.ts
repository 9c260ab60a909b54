import { AccessError } from './access/access.ts';
import type { Channel } from './channel.ts';
import { isRefusal, type Token, type TokenRefusal } from './token.ts';

/**
 * Takes a channel's next token (spec §1.8). There is no reply: what is wrong is said in a system message, and ends the
 * channel.
 */
export function refreshToken(channel: Channel, payload: unknown): Promise<void> | undefined {
  const text = (payload as { access_token?: unknown } | null)?.access_token;
  if (text === null || text === undefined || text === channel.token.text) return undefined;
  if (typeof text === 'string' && text.startsWith('sb_')) return undefined;
  const verdict = channel.context.judge.judge(typeof text === 'string' ? text : '');
  return verdict instanceof Promise ? verdict.then((settled) => take(channel, settled)) : take(channel, verdict);
}

function take(channel: Channel, verdict: Token | TokenRefusal): Promise<void> | undefined {
  if (isRefusal(verdict)) {
    channel.fail(verdict.message);
    return undefined;
  }
  channel.token = verdict;
  channel.writable.clear();
  if (channel.isPrivate) return readAgain(channel);
  channel.subscription?.update(verdict.role, verdict.claims);
  return undefined;
}

async function readAgain(channel: Channel): Promise<void> {
  const { context, token, session, name } = channel;
  try {
    const before = channel.readable;
    const readable = await context.access.readable(
      name,
      { token, headers: session.headers, reqId: session.reqId },
      channel.presence,
    );
    channel.readable = readable;
    const lost = (before.broadcast && !readable.broadcast) || (before.presence && !readable.presence);
    if (lost) channel.fail(`You no longer have permission to read from this Channel topic: ${name}`);
    else channel.subscription?.update(token.role, token.claims);
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    channel.fail(error.text);
  }
}
