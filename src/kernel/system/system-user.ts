import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** A user of the operating system. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user this process runs as. Its number stands in for a name where the system knows none. */
export function currentUser(): SystemUser {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  try {
    return { name: userInfo().username, uid, gid };
  } catch {
    return { name: String(uid), uid, gid };
  }
}

/** Reads `/etc/passwd`; entries of any other form are left out. */
export function parsePasswd(text: string): SystemUser[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && /^\d+$/.test(uid ?? '') && /^\d+$/.test(gid ?? '')
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : [];
  });
}

/** Finds a user by name or number, in the local file first, then wherever `id` looks (directories, macOS). */
export function findUser(who: string | number): SystemUser | undefined {
  try {
    const users = parsePasswd(readFileSync('/etc/passwd', 'utf8'));
    const local = users.find((user) => (typeof who === 'number' ? user.uid === who : user.name === who));
    if (local) return local;
  } catch {
    // No such file: `id` may still know.
  }
  try {
    const id = (flags: string) =>
      execFileSync('id', [flags, '--', String(who)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return { name: id('-un'), uid: Number(id('-u')), gid: Number(id('-g')) };
  } catch {
    return undefined;
  }
}
