import type { Bus } from '#kernel/bus';
import type { LogNews } from '#kernel/log';
import type { MetricFamily } from '#kernel/metrics';
import type { ConnectionOptions } from '#kernel/sql';
import type { CapturedMail } from '#services/auth';
import type { StackHealth, StackReload } from '../stack-info.ts';
import type { Boot, Channel, WorkerRole } from './messages.ts';
import { createQuestions } from './questions.ts';
import { createWorkerBus } from './worker-bus.ts';

/** What a worker gets from the primary. */
export interface PrimaryLink {
  readonly connection: (role: WorkerRole) => ConnectionOptions;
  /** Where a mount that lives in the primary is: `unix:` and a path. */
  readonly elsewhere: (mount: string) => string | undefined;
  /** Health of the whole stack. */
  health(): Promise<StackHealth>;
  /** What all processes of the stack count. */
  metrics(): Promise<readonly MetricFamily[]>;
  /** The bus between the workers. @param local that of this process */
  bus(local: Bus): Bus;
  /** A mail for the one inbox of the stack. */
  captured(mail: Omit<CapturedMail, 'id'>): void;
  /** What happened, for the one who keeps logs. @param sent called once it has left this process, or cannot */
  told(news: readonly LogNews[], sent: () => void): void;
}

/** What a worker has to do for the primary. */
export interface WorkerDuties {
  readonly health: () => Promise<StackHealth>;
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  readonly stop: () => void;
  readonly reload: (what: StackReload) => void;
  /** Makes changed settings count. @throws Error saying what is wrong with them */
  readonly applySettings: () => Promise<void>;
}

/** Milliseconds until a primary that does not answer is taken to be busy. */
const patience = 2_000;
/** The same for metrics, which the primary asks all workers for. */
const metricsPatience = 5_000;

/** Reports to the primary, and waits for what has to be known. `duties` may be called from then on. */
export function linkToPrimary(channel: Channel, duties: WorkerDuties): Promise<PrimaryLink> {
  const questions = createQuestions<StackHealth>(patience);
  const metricQuestions = createQuestions<readonly MetricFamily[]>(metricsPatience);
  let fromOthers: ((subject: string, payload: unknown) => void) | undefined;
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      switch (message.kind) {
        case 'boot':
          resolve(linkOf(message.boot));
          return;
        case 'bus':
          fromOthers?.(message.subject, message.payload);
          return;
        case 'stop':
          duties.stop();
          return;
        case 'reload':
          duties.reload(message.what);
          return;
        case 'health':
          questions.answer(message.id, message.report);
          return;
        case 'metrics':
          metricQuestions.answer(message.id, message.families);
          return;
        case 'ask-metrics':
          void duties.metrics().then((families) => channel.send({ kind: 'metrics', id: message.id, families }));
          return;
        case 'ask-settings':
          duties.applySettings().then(
            () => channel.send({ kind: 'settings', id: message.id, failure: undefined }),
            (error: unknown) => channel.send({ kind: 'settings', id: message.id, failure: (error as Error).message }),
          );
          return;
        case 'ask-health':
          void duties.health().then((report) => channel.send({ kind: 'health', id: message.id, report }));
      }
    });
    channel.send({ kind: 'hello' });
  });

  function linkOf({ connections, sockets }: Boot): PrimaryLink {
    return {
      connection: (role) => connections[role],
      elsewhere: (mount) => (sockets[mount] === undefined ? undefined : `unix:${sockets[mount]}`),
      health: async () =>
        (await questions.ask((id) => channel.send({ kind: 'ask-health', id }))) ?? {
          primary: { status: 'unhealthy', required: true, detail: { reason: 'the primary does not answer' } },
        },
      metrics: async () => (await metricQuestions.ask((id) => channel.send({ kind: 'ask-metrics', id }))) ?? [],
      bus(local) {
        fromOthers = (subject, payload) => local.publish(subject, payload);
        return createWorkerBus(local, channel);
      },
      captured: (mail) => channel.send({ kind: 'mail', mail }),
      told: (news, sent) => channel.send({ kind: 'logs', news }, sent),
    };
  }
}
