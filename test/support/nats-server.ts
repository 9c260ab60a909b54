import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports.ts';

const program = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'].find(existsSync);

/** Whether tests can have a NATS server here; it is a Debian package (`tools/system-packages.mjs`). */
export const hasNatsServer = program !== undefined;

/** A NATS server of its own for a test. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts one on loopback. @param options `store`: a folder for JetStream; `port`: of one that ran before; `args`: more arguments */
export async function startNatsServer(
  options: { readonly store?: string; readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<NatsServer> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const child: ChildProcess = spawn(
    program as string,
    [
      ...['-a', '127.0.0.1', '-p', String(port)],
      ...(options.store === undefined ? [] : ['-js', '-sd', options.store]),
      ...(options.args ?? []),
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = performance.now() + 10_000;
  while (!(await accepts(port))) {
    if (performance.now() > deadline || child.exitCode !== null) throw new Error('nats-server did not start');
    await sleep(25);
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      // One that has no time to say goodbye on a busy machine is not waited for.
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(force);
    },
  };
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

/** A way to a port that can be cut and mended, like a cable. */
export interface Cable {
  readonly port: number;
  /** Ends what is connected, and lets nobody through until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Lays one. */
export async function layCable(to: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    close() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
