import { Badge } from '../../../design/badge.tsx';
import type { ListedUser } from '../../../sql/users.ts';
import { isBanned } from './times.ts';

/** A word about what a user may do now. */
export function UserStateBadge({ user }: { readonly user: ListedUser }) {
  if (isBanned(user.bannedUntil)) return <Badge kind="bad">banned</Badge>;
  if (user.anonymous) return <Badge>anonymous</Badge>;
  return user.confirmedAt === null ? <Badge kind="wait">not confirmed</Badge> : <Badge kind="good">confirmed</Badge>;
}
