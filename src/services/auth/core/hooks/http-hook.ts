import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Egress, EgressError } from '#kernel/egress';
import { authError } from '../../errors.ts';
import type { WireObject } from '../user-view.ts';
import { hookReplyLimit, readReply } from './reply.ts';
import { type Signer, signatureHeaders } from './signature.ts';

/** How long and how often a server is asked. */
export interface HookPatience {
  /** Milliseconds for all attempts together. */
  readonly total: number;
  readonly attempts: number;
  /** Milliseconds between two attempts. */
  readonly pause: number;
}

/** What upstream grants. */
export const standardPatience: HookPatience = { total: 5_000, attempts: 3, pause: 2_000 };

/**
 * Asks a server (GoTrue, "Hooks"): a signed POST of JSON, tried again where the connection fails or the server asks for
 * patience. Each attempt has an id, a time and a signature of its own.
 *
 * @throws hook_timeout, hook_timeout_after_retry, hook_payload_over_size_limit and what `readReply` throws
 */
export async function askServer(
  egress: Egress,
  target: { readonly url: string; readonly signers: readonly Signer[] },
  input: WireObject,
  now: () => number,
  patience: HookPatience = standardPatience,
): Promise<WireObject> {
  const body = JSON.stringify(input);
  const signal = AbortSignal.timeout(patience.total);
  for (let attempt = 1; attempt <= patience.attempts; attempt++) {
    let output: WireObject | 'retry';
    try {
      output = await askOnce(egress, target, body, now(), signal);
    } catch (error) {
      if (signal.aborted) throw tooLate(patience, error);
      if (!(error instanceof ConnectionFailure)) throw error;
      if (attempt === patience.attempts) throw exhausted(error.cause);
      output = 'retry';
    }
    if (output !== 'retry') return output;
    if (attempt < patience.attempts)
      await sleep(patience.pause, undefined, { signal }).catch((error: unknown) => {
        throw tooLate(patience, error);
      });
  }
  throw exhausted();
}

/** The request went nowhere, so another one may go through. */
class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';
}

const tooLate = ({ total }: HookPatience, cause: unknown): Error =>
  authError('hook_timeout', {
    message: `Failed to reach hook within maximum time of ${(total / 1_000).toFixed(6)} seconds`,
    cause,
  });

const exhausted = (cause?: unknown): Error => authError('hook_timeout_after_retry', { cause });

async function askOnce(
  egress: Egress,
  { url, signers }: { readonly url: string; readonly signers: readonly Signer[] },
  body: string,
  now: number,
  signal: AbortSignal,
): Promise<WireObject | 'retry'> {
  const headers = { 'content-type': 'application/json', ...signatureHeaders(signers, randomUUID(), now, body) };
  const reply = await egress
    .request(url, { method: 'POST', headers, body, signal, maxBytes: hookReplyLimit, byOperator: true })
    .catch((error: unknown) => {
      throw failureOf(error);
    });
  return readReply({
    status: reply.status,
    contentType: reply.headers['content-type'] ?? '',
    retryAfter: reply.headers['retry-after'],
    body: reply.body.toString('utf8'),
  });
}

function failureOf(error: unknown): Error {
  const reason = error instanceof EgressError ? error.reason : undefined;
  if (reason === 'too-large')
    return authError('hook_payload_over_size_limit', {
      message: `Payload size exceeded size limit of ${hookReplyLimit} bytes`,
      cause: error,
    });
  // Asking again would find the same rules.
  if (reason === 'refused')
    return authError('unexpected_failure', {
      message: 'Failed to trigger auth hook, error making HTTP request',
      cause: error,
    });
  return new ConnectionFailure('the hook could not be reached', { cause: error });
}
