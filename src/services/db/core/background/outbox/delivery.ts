import { createHmac } from 'node:crypto';
import { type EventStream, StreamError } from '#kernel/bus';
import type { Outcome } from '#kernel/deliveries';
import type { Egress } from '#kernel/egress';
import type { OutboxEvent } from '../../../sql/background/outbox.ts';
import { messageOf } from './event-message.ts';

/** How events leave. */
export interface DeliveryOptions {
  readonly egress: Egress;
  /** Undefined where no NATS is configured. */
  readonly stream: EventStream | undefined;
  /** Milliseconds an HTTP server may take. */
  readonly timeout: number;
  readonly signal: AbortSignal;
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
      signal: options.signal,
      maxBytes: answerLimit,
    });
    if (status >= 200 && status < 300) return { isDelivered: true, status };
    // Gone: the receiver wants no more of this (Standard Webhooks).
    return { isDelivered: false, isFinal: status === 410, status, error: `answered ${status}` };
  } catch (error) {
    if ((error as { reason?: string }).reason === 'too-large') return { isDelivered: true };
    return { isDelivered: false, error: (error as Error).message };
  }
}

async function publish(stream: EventStream | undefined, subject: string, id: string, body: string): Promise<Outcome> {
  if (!stream) return { isDelivered: false, error: 'NATS_URL is not set' };
  if (!isSubject(subject)) return { isDelivered: false, isFinal: true, error: `${subject} is no subject` };
  try {
    await stream.publish(subject, id, body);
    return { isDelivered: true };
  } catch (error) {
    const isUncounted = error instanceof StreamError && error.reason === 'away';
    return { isDelivered: false, isUncounted, error: (error as Error).message };
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
  if (secret === null) return headers;
  const key = Buffer.from(secret.slice('v1,whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${mac}` };
}
