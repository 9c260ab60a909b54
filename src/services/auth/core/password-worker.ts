import { Worker } from 'node:worker_threads';

/** A piece of work: plain data, since it goes to another thread. */
export type HashJob =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: number }
  | { readonly kind: 'bcrypt' | 'argon2'; readonly password: string; readonly stored: string };

/** What a thread is made with. Made from text, it cannot look for the libraries itself. */
export interface WorkerOptions {
  /** Paths of the libraries. */
  readonly bcrypt: string;
  readonly argon2: string;
  /** How far it stands back behind whoever reads data: 0 (not at all) to 19. Linux only. */
  readonly niceness: number;
}

// Plain JavaScript, so that it runs as it is from the sources and from the build. On Linux the priority set is that of the
// calling thread alone; elsewhere it would be the whole program's, so it stays as it is there.
const source = `
const { parentPort, workerData } = require('node:worker_threads');
const { setPriority } = require('node:os');
if (process.platform === 'linux') try { setPriority(0, workerData.niceness); } catch {}
const load = (name) => require(workerData[name]);
const work = {
  hash: ({ password, cost }) =>
    load('bcrypt').hashSync(password, { cost, version: '2a', rejectLongPasswords: true }),
  bcrypt: ({ password, stored }) => load('bcrypt').verifySync(password, stored),
  argon2: ({ password, stored }) => load('argon2').verifySync(stored, password),
};
parentPort.on('message', (job) => {
  try {
    parentPort.postMessage({ value: work[job.kind](job) });
  } catch (error) {
    parentPort.postMessage({ error: String(error && error.message) });
  }
});
`;

/** A thread that hashes, one piece of work at a time, at a lower priority: whoever reads data goes first. */
export interface PasswordWorker {
  /** @throws Error when the library refuses, or the thread ends */
  run(job: HashJob): Promise<unknown>;
  end(): void;
}

/** Starts a thread. It does not keep the program alive. */
export function startPasswordWorker(options: WorkerOptions): PasswordWorker {
  const thread = new Worker(source, { eval: true, workerData: options, execArgv: [] });
  thread.unref();
  let settle: { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    settle?.reject(error);
    settle = undefined;
  };
  thread.on('message', ({ value, error }: { value?: unknown; error?: string }) => {
    if (error === undefined) settle?.resolve(value);
    else settle?.reject(new Error(error));
    settle = undefined;
  });
  thread.on('error', fail);
  thread.on('exit', () => fail(new Error('the thread ended')));
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        thread.postMessage(job);
      }),
    end: () => void thread.terminate(),
  };
}
