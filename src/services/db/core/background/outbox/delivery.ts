import { createHmac } from 'node:crypto';
import { type EventStream, StreamError } from '#kernel/bus';
import type { Egress } from '#kernel/egress';
import type { OutboxEvent } from '../../../sql/background/outbox.ts';
import { messageOf } from './event-message.ts';

/** What became of an attempt: `away` blames nobody and does not count, `hopeless` will not get better. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'away' | 'failed' | 'hopeless'; readonly error: string };

/** How events leave. */
export interface DeliveryOptions {
  readonly egress: Egress;
  /** Undefined where no NATS is configured. */
  readonly stream: EventStream | undefined;
  /** Milliseconds an HTTP server may take. */
  readonly timeout: number;
  /** What functions are called with. */
  readonly serviceKey: string | undefined;
  readonly now: () => number;
}

/** Answers beyond this are not of interest, and count as given. */
const answerLimit = 64 * 1024;

/** The gateway, as the way out for requests of the database knows it. */
const functionsUrl = 'http://kong:8000/functions/v1/';

/** Makes one attempt. Never rejects. */
export async function deliver(event: OutboxEvent, options: DeliveryOptions): Promise<Outcome> {
  const { subject, body } = messageOf(event);
  if (event.target.startsWith('nats:')) return publish(options.stream, subject, event.messageId, body);
  const isFunction = event.target.startsWith('function:');
  const url = isFunction ? functionsUrl + encodeURIComponent(event.target.slice('function:'.length)) : event.target;
  try {
    const { status } = await options.egress.request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(isFunction && options.serviceKey !== undefined && { authorization: `Bearer ${options.serviceKey}` }),
        ...textHeaders(event.headers),
        ...signature(event, options.now(), body),
      },
      body,
      timeout: options.timeout,
      maxBytes: answerLimit,
    });
    if (status >= 200 && status < 300) return { kind: 'delivered' };
    // Gone: the receiver wants no more of this (Standard Webhooks).
    return { kind: status === 410 ? 'hopeless' : 'failed', error: `answered ${status}` };
  } catch (error) {
    if ((error as { reason?: string }).reason === 'too-large') return { kind: 'delivered' };
    return { kind: 'failed', error: (error as Error).message };
  }
}

async function publish(stream: EventStream | undefined, subject: string, id: string, body: string): Promise<Outcome> {
  if (!stream) return { kind: 'failed', error: 'NATS_URL is not set' };
  if (!isSubject(subject)) return { kind: 'hopeless', error: `${subject} is no subject` };
  try {
    await stream.publish(subject, id, body);
    return { kind: 'delivered' };
  } catch (error) {
    const away = error instanceof StreamError && error.reason === 'away';
    return { kind: away ? 'away' : 'failed', error: (error as Error).message };
  }
}

const isSubject = (text: string): boolean => /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(text);

function textHeaders(given: OutboxEvent['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) if (typeof value === 'string') headers[name.toLowerCase()] = value;
  return headers;
}

/** Headers by which a receiver knows sender and time (Standard Webhooks); the id is the same in all attempts. */
function signature({ messageId, secret }: OutboxEvent, now: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000));
  const headers = { 'webhook-id': messageId, 'webhook-timestamp': timestamp };
  if (secret === undefined) return headers;
  const key = Buffer.from(secret.slice('v1,whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${mac}` };
}
