import type { Sql, User } from '../../sql/rows.ts';
import type { AuthContext, Caller } from '../context.ts';
import { announceUser, reportUser } from '../hooks/new-user.ts';
import { dispatch } from '../mail/letters.ts';
import type { Creation } from '../user/create.ts';
import { notifyLinked } from './link-identity.ts';
import { type Arrival, againOnRivalry, arrive, foreseeCreation } from './sign-in.ts';

/**
 * Lets somebody in whom a provider has vouched for: finds or makes their account and does `finish` in the same
 * transaction. What the application's own code has to say to a new user is asked before, and told afterwards.
 *
 * @throws what they are refused with, after what led to it is committed
 */
export async function enter<T>(
  context: AuthContext,
  caller: Caller,
  arrival: Arrival,
  finish: (sql: Sql, user: User) => Promise<T>,
): Promise<T> {
  const announced = await announce(context, caller, arrival);
  const outcome = await againOnRivalry(() =>
    context.db.transaction(async (sql) => {
      const arrived = await arrive(context, sql, caller, arrival, announced);
      if (arrived.kind === 'refused') return arrived;
      const value = await finish(sql, arrived.user);
      return { kind: 'in' as const, value, made: arrived.made, joined: arrived.joined };
    }),
  );
  if (outcome.made) await reportUser(context, caller, outcome.made);
  if (outcome.joined) await notifyLinked(context, outcome.joined.id, arrival.provider);
  if (outcome.kind === 'in') return outcome.value;
  await dispatch(context, [outcome.letter]);
  throw outcome.error;
}

async function announce(context: AuthContext, caller: Caller, arrival: Arrival): Promise<Creation | undefined> {
  if (context.hooks.at('before_user_created') === undefined) return undefined;
  const creation = await foreseeCreation(context, context.db, caller, arrival);
  return creation && announceUser(context, caller, creation);
}
