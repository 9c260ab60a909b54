import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Listener, startListener } from '#kernel/http';
import type { Mount } from '#kernel/lifecycle';

/** Mounts of this process, offered to its workers over sockets in a folder that nobody else may enter. */
export interface PrivateSockets {
  /** @returns name of the mount → path */
  open(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** @param mounts those that exist once `open` is called */
export function createPrivateSockets(mounts: () => readonly Mount[]): PrivateSockets {
  const listeners: Listener[] = [];
  let folder: string | undefined;
  return {
    async open() {
      // A socket's path has 107 bytes at most, so the system's folder for temporary files may lie too deep.
      folder = mkdtempSync('/tmp/pmoves-supabase-');
      const paths: Record<string, string> = {};
      for (const { name, handle, upgrade } of mounts()) {
        const path = join(folder, `${name}.sock`);
        listeners.push(
          await startListener({ ...limits, socket: { path, mode: 0o600 }, handle, ...(upgrade && { upgrade }) }),
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
