import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';
import { type CommandOptions, workerArguments } from './command.ts';
import { createOutputReader, type WorkerEvent } from './control-lines.ts';
import { type ShutdownReason, type Usage, unloadReason } from './limits.ts';
import type { Mirrored } from './mirror.ts';
import type { Reach } from './network.ts';
import type { WorkerPlace } from './place.ts';
import { bringRegistries } from './registries.ts';
import { importsIn } from './run-deno.ts';
import { readUsage } from './usage.ts';
import { BootFailure, type Worker, type WorkerEnd, type WorkerNews } from './worker.ts';

/** What is the same for all workers. */
export interface WorkerHost {
  readonly place: WorkerPlace;
  /** Folder of all functions. */
  readonly folder: string;
  readonly memory: number;
  /** Milliseconds from the start of the process to its being ready. */
  readonly bootTimeout: number;
  /** Milliseconds a function has for its last words. */
  readonly exitTimeout: number;
  readonly reach: Reach;
  readonly allowedHosts: readonly string[];
  /** Variables for Deno itself: registries, certificates, proxies. */
  readonly denoEnv: Readonly<Record<string, string>>;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
  readonly onNews: (worker: Worker, news: WorkerNews) => void;
}

/** One start. */
export interface WorkerStart {
  readonly definition: FunctionDefinition;
  readonly revision: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeServer: boolean;
}

/** Milliseconds after a function's module has ended in which it has to serve. */
const handlerTimeout = 1_000;

/** Bytes of the output of errors that are kept for the report of a crash. */
const lastWordsLength = 16_384;

/** How V8 says that the heap is full. */
const outOfMemory = /out of memory|Reached heap limit|Allocation failed/i;

/** Starts the process of a worker. Its end and failures are told by the worker itself. */
export function startWorker(host: WorkerHost, start: WorkerStart): Worker {
  const { place, now } = host;
  const id = randomUUID();
  const home = join(place.runFolder, id.slice(0, 8));
  const folder = join(home, 't');
  const socket = join(home, 's');
  const marker = `\u001e${randomBytes(12).toString('hex')} `;
  const startedAt = now();
  let readyAt: number | undefined;
  let baseline = 0;
  let cpu = 0;
  let memory = 0;
  let inFlight = 0;
  let waiting = 0;
  let lastUsed = startedAt;
  let isRetired = false;
  let isWarned = false;
  let stopping: ShutdownReason | undefined;
  let end: WorkerEnd | undefined;
  let child: ChildProcess | undefined;
  let mirrored: Mirrored | undefined;
  let lastWords = '';
  let isOutOfMemory = false;
  let failure: { message: string; noHandler: boolean } | undefined;
  let unloaded = () => {};
  const boot = deferred<void>();
  const over = deferred<WorkerEnd>();
  // Whoever waits is told; nobody may be waiting.
  boot.promise.catch(() => {});

  // Whoever reads a message looks for the file that was written, not for its copy.
  const shown = (text: string): string =>
    mirrored === undefined ? text : text.replaceAll(mirrored.folder, host.folder);
  const tell = (news: WorkerNews): void => host.onNews(worker, news);

  const usage = (): Usage => ({ age: now() - (readyAt ?? startedAt), cpu: Math.max(0, cpu - baseline), memory });

  function take(event: WorkerEvent): void {
    if (event.t === 'log')
      tell({
        kind: 'log',
        level: event.level,
        text: shown(event.text),
        ...(event.request !== undefined && { request: event.request }),
      });
    else if (event.t === 'waiting') waiting = event.count;
    else if (event.t === 'unloaded') unloaded();
    else if (event.t === 'failed') failure = { message: shown(event.message), noHandler: event.kind === 'no-handler' };
    else void becomeReady();
  }

  async function becomeReady(): Promise<void> {
    if (readyAt !== undefined) return;
    readyAt = now();
    lastUsed = readyAt;
    tell({ kind: 'boot', bootTime: Math.round(readyAt - startedAt) });
    boot.resolve();
    // What Deno itself needed to start is not the function's. Nobody waits for this look.
    const used = (await readUsage([worker.pid])).get(worker.pid);
    baseline = used?.cpu ?? 0;
    cpu = Math.max(cpu, baseline);
    memory = Math.max(memory, used?.memory ?? 0);
  }

  function send(command: object): void {
    if (child?.stdin?.writable) child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  function exited(crashed: boolean): void {
    if (end !== undefined) return;
    clearTimeout(bootTimer);
    const reason = stopping ?? (isOutOfMemory ? 'Memory' : crashed ? 'Crash' : 'EventLoopCompleted');
    end = { reason, lastWords };
    rmSync(home, { recursive: true, force: true });
    mirrored?.release();
    if (readyAt === undefined) {
      const message = failure?.message ?? (shown(lastWords.trim()) || `the worker ended before it served (${reason})`);
      // A server that would listen on a port finds it closed, or nobody hears of it.
      const wantsNodeServer =
        failure !== undefined && (failure.noHandler || /0\.0\.0\.0|\[::\]|EADDRINUSE|AddrInUse/.test(failure.message));
      if (stopping === undefined || stopping === 'WallClockTime') tell({ kind: 'boot-failure', message });
      boot.reject(new BootFailure(message, wantsNodeServer));
    } else if (reason === 'Crash') tell({ kind: 'exception', message: shown(lastWords.trim()), cpu: usage().cpu });
    const ending: ShutdownReason = reason === 'Crash' ? 'EventLoopCompleted' : reason;
    if (readyAt !== undefined) tell({ kind: 'shutdown', reason: ending, cpu: usage().cpu, memory });
    over.resolve(end);
  }

  const worker: Worker = {
    id,
    definition: start.definition,
    revision: start.revision,
    socket,
    ready: boot.promise,
    ended: over.promise,
    get pid() {
      return child?.pid ?? 0;
    },
    get end() {
      return end;
    },
    get isReady() {
      return readyAt !== undefined && end === undefined && stopping === undefined;
    },
    get isRetired() {
      return isRetired;
    },
    get inFlight() {
      return inFlight;
    },
    get isIdle() {
      return inFlight === 0 && waiting === 0;
    },
    get lastUsed() {
      return lastUsed;
    },
    get usage() {
      return usage();
    },
    begin() {
      inFlight++;
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        inFlight--;
        lastUsed = now();
        if (isRetired && inFlight === 0) send({ t: 'drain' });
      };
    },
    retire() {
      if (isRetired) return;
      isRetired = true;
      if (inFlight === 0) send({ t: 'drain' });
    },
    warn(reason) {
      if (isWarned) return;
      isWarned = true;
      send({ t: 'unload', reason: unloadReason[reason] });
    },
    observe(cpuNow, memoryNow) {
      cpu = cpuNow;
      memory = memoryNow;
    },
    async stop(reason) {
      if (end !== undefined) return;
      if (stopping === undefined && readyAt !== undefined) {
        stopping = reason;
        const told = new Promise<void>((resolve) => {
          unloaded = resolve;
        });
        if (!isWarned) send({ t: 'unload', reason: unloadReason[reason] });
        await within(isWarned ? Promise.resolve() : told, host.exitTimeout);
        isWarned = true;
        send({ t: 'exit' });
        await within(over.promise, host.exitTimeout);
      }
      if (end === undefined) worker.kill(reason);
      await over.promise;
    },
    kill(reason) {
      stopping ??= reason;
      if (child === undefined) exited(true);
      else child.kill('SIGKILL');
    },
  };

  const bootTimer = setTimeout(() => {
    failure = { message: 'worker did not respond in time', noHandler: false };
    worker.kill('WallClockTime');
  }, host.bootTimeout);
  bootTimer.unref();

  function run(imports: CommandOptions['imports'], definition: FunctionDefinition, denoHome: string): void {
    const own = { DENO_DIR: place.cacheFolder, HOME: denoHome, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
    const forDeno: Readonly<Record<string, string>> = { ...host.denoEnv, ...own };
    const { user } = place;
    child = spawn(
      place.deno,
      workerArguments({
        definition,
        imports,
        root: host.folder,
        boot: place.boot,
        socket,
        folder,
        cacheFolder: place.cacheFolder,
        marker,
        memory: host.memory,
        handlerTimeout,
        nodeServer: start.nodeServer,
        reach: host.reach,
        allowedHosts: host.allowedHosts,
        // Certificates, registries and proxies stay: Deno reads them when the function makes its first request.
        forget: [...Object.keys(own), 'DENO_AUTH_TOKENS'].filter((name) => !(name in start.env)),
      }),
      {
        cwd: home,
        env: { ...start.env, SB_EXECUTION_ID: id, ...forDeno, TMPDIR: folder },
        stdio: ['pipe', 'pipe', 'pipe'],
        ...(user && { uid: user.uid, gid: user.gid }),
      },
    );
    const output = createOutputReader(marker, (part) => {
      if ('event' in part) take(part.event);
      else if (part.text !== '') tell({ kind: 'log', level: 'info', text: shown(part.text) });
    });
    child.stdout?.on('data', (chunk: Buffer) => output.write(chunk));
    const complaints = createOutputReader(marker, (part) => {
      if (!('text' in part) || part.text === '') return;
      // Said once, and a long trace may follow.
      isOutOfMemory ||= outOfMemory.test(part.text);
      tell({ kind: 'log', level: 'error', text: shown(part.text) });
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString('utf8')).slice(-lastWordsLength);
      complaints.write(chunk);
    });
    child.stdin?.on('error', () => {});
    child.once('error', (error) => {
      lastWords += error.message;
      if (child?.pid === undefined) exited(true);
    });
    child.once('close', (code, signal) => {
      output.end();
      complaints.end();
      // V8 ends the process by one of these when there is no memory left, and does not always come to say so.
      isOutOfMemory ||= memory > host.memory / 2 && ['SIGTRAP', 'SIGABRT', 'SIGILL'].includes(String(signal));
      exited(code !== 0);
    });
  }

  async function prepare(): Promise<void> {
    mkdirSync(folder, { recursive: true });
    if (place.user) for (const path of [home, folder]) chownSync(path, place.user.uid, place.user.gid);
    mirrored = place.mirror?.lend(start.definition);
    const definition = mirrored?.definition ?? start.definition;
    const imports = await importsIn(definition, home);
    const hasRegistries = await bringRegistries(start.definition, host.folder, home, place.user);
    if (end === undefined) run(imports, definition, hasRegistries ? home : place.home);
  }
  prepare().catch((error: Error) => {
    failure = { message: error.message, noHandler: false };
    exited(true);
  });
  return worker;
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Waits for a promise, but not longer than so many milliseconds. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
