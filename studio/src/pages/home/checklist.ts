import { useQuery } from '@tanstack/react-query';
import { runSql } from '../../data/sql.ts';

/** What the checklist is about, as the database has it. */
export interface Progress {
  readonly tables: number;
  /** Tables of `public` that anybody with the public key may read or write without a policy. */
  readonly unprotected: number;
  readonly users: number;
  readonly buckets: number;
}

// A table that may not be there can be named in no plain query, not even in a branch that is not taken.
const countOf = (table: string): string => `case when to_regclass('${table}') is null then 0 else
    (xpath('//count/text()', query_to_xml('select count(*) from ${table}', false, false, '')))[1]::text::int end`;

const counts = `select
  (select count(*)::int from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace) as tables,
  (select count(*)::int from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
     and not c.relrowsecurity) as unprotected,
  ${countOf('auth.users')} as users,
  ${countOf('storage.buckets')} as buckets`;

/** Counts what there is. */
export const useProgress = () =>
  useQuery({
    queryKey: ['home', 'progress'],
    queryFn: async ({ signal }) => (await runSql<Progress>(counts, signal))[0],
  });

/** One thing to do for a new project. */
export interface Step {
  readonly title: string;
  readonly about: string;
  readonly done: boolean;
  readonly href: string;
}

/** The checklist. */
export function stepsOf(progress: Progress, secondFactor: boolean): readonly Step[] {
  const { tables, unprotected, users, buckets } = progress;
  return [
    {
      title: 'Make a table',
      about: tables > 0 ? `There are ${tables} in schema public.` : 'By SQL, by a migration, or with an ORM of yours.',
      done: tables > 0,
      href: '/connect/database',
    },
    {
      title: 'Protect every table',
      about:
        unprotected > 0
          ? `${unprotected} of ${tables} have no row level security: whoever has the public key can read them.`
          : 'Row level security is on wherever there is a table in schema public.',
      done: tables > 0 && unprotected === 0,
      href: '/editor',
    },
    {
      title: 'Connect an application',
      about: 'Code for your framework, with the address and the key of this project.',
      done: users > 0 || buckets > 0,
      href: '/connect/app',
    },
    {
      title: 'Sign in twice',
      about: 'An authenticator app for your own account of this dashboard.',
      done: secondFactor,
      href: '/account',
    },
  ];
}
