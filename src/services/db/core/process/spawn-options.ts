import type { SpawnOptions } from 'node:child_process';
import type { ServerPlace } from '../place/server-place.ts';

/** What server and initdb are run with: an environment that says nothing of ours, and the server's user. */
export function spawnOptions(place: Pick<ServerPlace, 'user' | 'dropsPrivileges'>): SpawnOptions {
  return {
    // The caller's folder may be closed to the server's user.
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' },
    ...(place.dropsPrivileges && { uid: place.user.uid, gid: place.user.gid }),
  };
}
