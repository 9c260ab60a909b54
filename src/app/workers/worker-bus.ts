import { type Bus, createSharedBus } from '#kernel/bus';
import type { Channel } from './messages.ts';

/** Messages that may be on their way to the primary; more are dropped, as delivery is at most once anyway. */
const mostUnderWay = 10_000;

/** The bus between the workers of a machine: the primary hands each message to all the others. */
export function createWorkerBus(local: Bus, channel: Pick<Channel, 'send'>): Bus {
  let underWay = 0;
  return createSharedBus(local, {
    isConnected: true,
    send(subject, payload) {
      if (underWay >= mostUnderWay) return;
      underWay++;
      channel.send({ kind: 'bus', subject, payload }, () => {
        underWay--;
      });
    },
    // Each gets everything: it is one machine.
    want() {},
    unwant() {},
    settled: () => undefined,
  });
}
