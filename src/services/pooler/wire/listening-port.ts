import net, { type Socket } from 'node:net';
import { StartupError } from '#kernel/errors';

/** A port that clients connect to. */
export interface ListeningPort {
  /** Accepts no more; what is open stays. */
  close(): void;
  readonly port: number;
}

/** Opens a port. @throws StartupError naming the setting when it is taken or not ours */
export async function listenOn(options: {
  readonly host: string;
  readonly port: number;
  readonly setting: string;
  readonly accept: (socket: Socket) => void;
}): Promise<ListeningPort> {
  const { host, port, setting } = options;
  const server = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, options.accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port, setting)));
    server.listen({ host, port, backlog: 4_096 }, resolve);
  });
  server.on('error', () => {});
  const address = server.address();
  return { close: () => void server.close(), port: typeof address === 'object' && address ? address.port : port };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number, setting: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupError(`port ${port} is taken by another program`, setting, error);
    case 'EACCES':
      return new StartupError(`port ${port} may not be opened by this user`, setting, error);
    case 'EADDRNOTAVAIL':
      return new StartupError(`address ${host} is not one of this machine`, 'BIND_ADDRESS', error);
    default:
      return error;
  }
}
