import type { Delivery, Outcome } from '#kernel/deliveries';
import type { WorkerCall } from '../../wire/call.ts';
import type { Journal } from '../events/journal.ts';
import type { Lease } from '../pool/pool.ts';
import type { FunctionDefinition } from '../project/definition.ts';

/** What a delivery needs to reach its function. */
export interface SenderOptions {
  readonly find: (name: string) => Promise<FunctionDefinition | undefined>;
  readonly acquire: (definition: FunctionDefinition) => Promise<Lease>;
  readonly call: (
    socket: string,
    call: WorkerCall,
    signal: AbortSignal,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly serviceKey: () => string | undefined;
  readonly journal: Journal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Sends deliveries as POST requests with the payload as JSON. A function tells one delivery from another by `x-delivery-id`,
 * which is the same at each attempt; any answer of class 2 means that it is done.
 */
export function createSender(options: SenderOptions) {
  return async (target: string, delivery: Delivery, signal: AbortSignal): Promise<Outcome> => {
    const definition = await options.find(target);
    if (definition === undefined || !definition.enabled)
      return { isDelivered: false, error: `there is no function ${target}` };
    const lease = await options.acquire(definition);
    const requestId = `delivery-${delivery.id}-${delivery.attempt}`;
    const timestamp = options.now();
    const began = performance.now();
    let status = 0;
    try {
      const key = options.serviceKey();
      const answer = await options.call(
        lease.worker.socket,
        {
          path: `/${target}`,
          headers: {
            ...(key !== undefined && { authorization: `Bearer ${key}` }),
            'x-request-id': requestId,
            'x-trigger': delivery.target,
            'x-delivery-id': delivery.id,
            'x-delivery-attempt': String(delivery.attempt),
          },
          body: JSON.stringify(delivery.payload),
        },
        signal,
      );
      status = answer.status;
      const isDelivered = status >= 200 && status < 300;
      return { isDelivered, status, ...(!isDelivered && { error: answer.text }) };
    } finally {
      lease.release();
      options.journal.append({
        kind: 'invocation',
        timestamp,
        function: target,
        execution_id: lease.worker.id,
        request_id: requestId,
        method: 'POST',
        pathname: `/${target}`,
        status_code: status,
        execution_time_ms: Math.round((performance.now() - began) * 10) / 10,
      });
    }
  };
}
