import type { LogNews } from '#kernel/log';
import type { MetricFamily } from '#kernel/metrics';
import type { ConnectionOptions } from '#kernel/sql';
import type { CapturedMail } from '#services/auth';
import type { StackHealth, StackReload } from '../stack-info.ts';

/** Roles under which the rooms of a worker reach the database. */
export type WorkerRole = 'supabase_auth_admin' | 'supabase_storage_admin' | 'authenticator' | 'supabase_admin';

/** What a worker has to know before it can start. */
export interface Boot {
  readonly connections: Readonly<Record<WorkerRole, ConnectionOptions>>;
  /** Mounts that live in the primary: name → path of a Unix socket. */
  readonly sockets: Readonly<Record<string, string>>;
}

/** What one worker published for the others. */
export interface BusMessage {
  readonly kind: 'bus';
  readonly subject: string;
  /** Any JSON value, or a Buffer. */
  readonly payload: unknown;
}

/** What either side asks the other. */
export interface Question {
  readonly kind: 'ask-health' | 'ask-metrics' | 'ask-settings';
  readonly id: number;
}

/** What it is answered, under the number of the question. */
export type Answer =
  | { readonly kind: 'health'; readonly id: number; readonly report: StackHealth }
  | { readonly kind: 'metrics'; readonly id: number; readonly families: readonly MetricFamily[] }
  /** Whether changed settings are in force; `failure` says why not. */
  | { readonly kind: 'settings'; readonly id: number; readonly failure: string | undefined };

/** From a worker to the primary. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | { readonly kind: 'serving'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'mail'; readonly mail: Omit<CapturedMail, 'id'> }
  | { readonly kind: 'logs'; readonly news: readonly LogNews[] }
  | BusMessage
  | Question
  | Answer;

/** From the primary to a worker. */
export type ToWorker =
  | { readonly kind: 'boot'; readonly boot: Boot }
  | { readonly kind: 'stop' }
  | { readonly kind: 'reload'; readonly what: StackReload }
  | BusMessage
  | Question
  | Answer;

/** A process's channel to the one that started it, as far as it is needed. */
export interface Channel {
  /** @param sent called once it has left this process, or cannot */
  send(message: FromWorker, sent?: () => void): void;
  onMessage(listener: (message: ToWorker) => void): void;
}
