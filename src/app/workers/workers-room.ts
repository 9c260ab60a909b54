import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import type { Health, Room } from '#kernel/lifecycle';
import type { Logger, LogNews } from '#kernel/log';
import { type MetricFamily, withLabels } from '#kernel/metrics';
import type { CapturedMail } from '#services/auth';
import type { StackHealth, StackReload } from '../stack-info.ts';
import { mergeHealth } from './merge-health.ts';
import type { Boot, FromWorker, ToWorker } from './messages.ts';
import type { PrivateSockets } from './private-sockets.ts';
import { createQuestions } from './questions.ts';

/** How the serving processes are run. */
export interface WorkersOptions {
  readonly count: number;
  /** Rooms that each of them runs. */
  readonly served: readonly string[];
  readonly log: Logger;
  /** Arguments of a worker, e.g. `start --env-file x`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly connections: () => Boot['connections'];
  readonly sockets: PrivateSockets;
  /** Health of the whole stack, for a worker that is asked. */
  readonly health: () => Promise<StackHealth>;
  /** What the whole stack counts, for a worker that is asked. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  readonly captured: (mail: Omit<CapturedMail, 'id'>) => void;
  /** What happened in a worker. */
  readonly told: (news: LogNews) => void;
  /** First and longest pause before a worker that ended is replaced, in milliseconds. */
  readonly retry: { readonly first: number; readonly longest: number };
  /** Milliseconds a worker may take to stop before it is killed. */
  readonly stopWithin: number;
}

/** What the serving processes tell. */
export interface WorkersApi {
  readonly url: () => string;
  /** Health of the rooms they run. */
  health(): Promise<StackHealth>;
  /** What they count, each series with the number of its worker. */
  metrics(): Promise<readonly MetricFamily[]>;
  /**
   * Makes each of them work with settings that have changed; one tries first.
   *
   * @throws Error saying what is wrong with them; nothing has changed then
   */
  applySettings(): Promise<void>;
  /** Makes each of them read something again. */
  reload(what: StackReload): void;
}

/** Milliseconds after which a worker counts as one that runs. */
const settled = 30_000;
/** Milliseconds until a worker that does not answer is taken to be busy. */
const patience = 1_500;
/** The same for metrics, which rooms may have to ask a database for. */
const metricsPatience = 3_000;
/** The same for settings, with which rooms have to start. */
const settingsPatience = 60_000;

/**
 * The processes that serve requests, as one room of the primary. They share its ports: the primary accepts connections
 * and hands them round. One that ends is replaced, and none outlives the primary, since all end with its channel.
 */
export function createWorkersRoom(options: WorkersOptions): Room<WorkersApi> {
  const { log, count } = options;
  const places: (Worker | undefined)[] = new Array(count).fill(undefined);
  const questions = createQuestions<StackHealth>(patience);
  const metricQuestions = createQuestions<readonly MetricFamily[]>(metricsPatience);
  const settingsQuestions = createQuestions<{ readonly failure: string | undefined }>(settingsPatience);
  let url = '';
  let stopping = false;
  let boot: Boot | undefined;

  const send = (worker: Worker, message: ToWorker): void => {
    // One that is ending may seem connected still; without a callback its end would be an error that nobody catches.
    if (worker.isConnected()) worker.send(message, () => {});
  };

  function receive(worker: Worker, message: FromWorker): void {
    switch (message.kind) {
      case 'hello':
        if (boot) send(worker, { kind: 'boot', boot });
        return;
      case 'bus':
        for (const other of places) if (other && other !== worker) send(other, message);
        return;
      case 'mail':
        options.captured(message.mail);
        return;
      case 'logs':
        for (const news of message.news) options.told(news);
        return;
      case 'health':
        questions.answer(message.id, message.report);
        return;
      case 'metrics':
        metricQuestions.answer(message.id, message.families);
        return;
      case 'settings':
        settingsQuestions.answer(message.id, message);
        return;
      case 'ask-metrics':
        void options.metrics().then((families) => send(worker, { kind: 'metrics', id: message.id, families }));
        return;
      case 'ask-health':
        void options.health().then((report) => send(worker, { kind: 'health', id: message.id, report }));
    }
  }

  /** Fulfilled once it serves. @throws StartupError with what the worker said, or that it ended */
  function launch(place: number): Promise<void> {
    // The program is the one that runs here.
    // Messages of the bus may hold bytes.
    cluster.setupPrimary({ args: [...options.argv], silent: false, serialization: 'advanced' });
    const worker = cluster.fork(options.env);
    places[place] = worker;
    const began = performance.now();
    return new Promise((resolve, reject) => {
      let serves = false;
      worker.on('message', (message: FromWorker) => {
        receive(worker, message);
        if (message.kind === 'failed') reject(new StartupError(message.message));
        if (message.kind !== 'serving') return;
        url = message.url;
        serves = true;
        resolve();
      });
      worker.once('exit', (code, signal) => {
        places[place] = undefined;
        reject(new StartupError(`a worker ended before it served (${signal ?? `exit code ${code}`})`, 'WORKERS'));
        if (!serves || stopping) return;
        log.warn({ pid: worker.process.pid, code, signal }, 'a worker ended and is replaced');
        void replace(place, performance.now() - began > settled ? 0 : options.retry.first);
      });
    });
  }

  async function replace(place: number, pause: number): Promise<void> {
    await sleep(pause);
    if (stopping) return;
    try {
      await launch(place);
    } catch (error) {
      if (stopping) return;
      log.error({ err: error }, 'a worker did not start');
      void replace(place, Math.min(Math.max(pause * 2, options.retry.first), options.retry.longest));
    }
  }

  async function end(worker: Worker): Promise<void> {
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    send(worker, { kind: 'stop' });
    const kill = setTimeout(() => worker.process.kill('SIGKILL'), options.stopWithin);
    await ended;
    clearTimeout(kill);
  }

  async function health(): Promise<StackHealth> {
    const reports = places.map((worker) =>
      worker ? questions.ask((id) => send(worker, { kind: 'ask-health', id })) : Promise.resolve(undefined),
    );
    return mergeHealth(await Promise.all(reports), options.served);
  }

  async function metrics(): Promise<readonly MetricFamily[]> {
    const answers = places.map(async (worker, place) => {
      const families = worker && (await metricQuestions.ask((id) => send(worker, { kind: 'ask-metrics', id })));
      return (families ?? []).map((family) => withLabels(family, { worker: String(place + 1) }));
    });
    return (await Promise.all(answers)).flat();
  }

  async function applySettings(): Promise<void> {
    const ask = async (worker: Worker): Promise<string | undefined> => {
      const answer = await settingsQuestions.ask((id) => send(worker, { kind: 'ask-settings', id }));
      return answer ? answer.failure : 'a worker does not answer';
    };
    const [first, ...others] = places.flatMap((worker) => (worker?.isConnected() ? [worker] : []));
    const refusal = first && (await ask(first));
    if (refusal !== undefined) throw new Error(refusal);
    for (const failure of await Promise.all(others.map(ask)))
      if (failure !== undefined) log.error({ reason: failure }, 'a worker goes on with its former settings');
  }

  return {
    mounts: [],
    api: {
      url: () => url,
      health,
      metrics,
      applySettings,
      reload(what) {
        for (const worker of places) if (worker) send(worker, { kind: 'reload', what });
      },
    },
    async start() {
      stopping = false;
      boot = { connections: options.connections(), sockets: await options.sockets.open() };
      await Promise.all(places.map((_, place) => launch(place)));
      log.info({ count }, 'workers serve');
    },
    async stop() {
      stopping = true;
      await Promise.all(places.flatMap((worker) => (worker ? [end(worker)] : [])));
      await options.sockets.close();
    },
    health: (): Health => ({
      status: places.every((worker) => worker?.isConnected()) ? 'healthy' : 'starting',
      detail: { connected: places.filter((worker) => worker?.isConnected()).length, of: count },
    }),
  };
}
