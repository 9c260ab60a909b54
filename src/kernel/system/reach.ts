import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SystemUser } from './system-user.ts';

const bits = { read: 4, write: 2, search: 1 } as const;

/** Whether the mode of a file lets a user do something; access lists are not looked at. */
export function permits(
  file: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  user: Pick<SystemUser, 'uid' | 'gid'>,
  what: keyof typeof bits,
): boolean {
  if (user.uid === 0) return true;
  const shift = file.uid === user.uid ? 6 : file.gid === user.gid ? 3 : 0;
  return ((file.mode >> shift) & bits[what]) !== 0;
}

/** Whether a user can get to `path`: every folder above it and, where it is a folder, itself may be searched. */
export function canReach(path: string, user: SystemUser): boolean {
  try {
    for (let at = realpathSync(path); ; at = dirname(at)) {
      if (!permits(statSync(at), user, 'search')) return false;
      if (at === dirname(at)) return true;
    }
  } catch {
    return false;
  }
}
