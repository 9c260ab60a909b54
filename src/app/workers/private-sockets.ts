import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adoptRequestId, type Listener, startListener } from '#kernel/http';
import type { Mount } from '#kernel/lifecycle';

/** Mounts of this process, offered to its workers over sockets in a folder that nobody else may enter. */
export interface PrivateSockets {
  /** @returns name of the mount → path */
  open(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/**
 * @param mounts those that exist once `open` is called
 * @param parent short path of a folder for temporary files: a socket's path has 107 bytes at most, and the system's own may
 * lie too deep
 */
export function createPrivateSockets(mounts: () => readonly Mount[], parent = '/tmp'): PrivateSockets {
  const listeners: Listener[] = [];
  let folder: string | undefined;
  return {
    async open() {
      removeLeftOvers(parent);
      folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
      const paths: Record<string, string> = {};
      for (const { name, handle, upgrade } of mounts()) {
        const path = join(folder, `${name}.sock`);
        listeners.push(
          await startListener({
            ...limits,
            socket: { path, mode: 0o600 },
            handle(request, response) {
              adoptRequestId(request);
              handle(request, response);
            },
            ...(upgrade && {
              upgrade(request, stream, head) {
                adoptRequestId(request);
                upgrade(request, stream, head);
              },
            }),
          }),
        );
        paths[name] = path;
      }
      return paths;
    },
    async close() {
      await Promise.all(listeners.splice(0).map((listener) => listener.stop(1_000)));
      if (folder) rmSync(folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}

const prefix = 'pmoves-supabase-workers-';

// A primary that was killed could not tidy up. Its number tells; one that somebody else has by now is left for next time.
function removeLeftOvers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// The workers have judged every request already.
const limits = {
  host: '127.0.0.1',
  port: 0,
  setting: 'WORKERS',
  maxHeaderSize: 65_536,
  headersTimeout: 60_000,
  requestTimeout: 0,
  keepAliveTimeout: 60_000,
  maxConnections: 10_000,
};
