import type { PolicyDraft } from '../sql/policies.ts';

/** A policy to begin with. */
export interface PolicyTemplate {
  readonly title: string;
  readonly about: string;
  readonly draft: PolicyDraft;
}

const draft = (name: string, more: Partial<PolicyDraft>): PolicyDraft => ({
  name,
  command: 'select',
  permissive: true,
  roles: ['authenticated'],
  using: '',
  check: '',
  ...more,
});

// In a subselect of its own the function is called once a statement, not once a row.
const me = '(select auth.uid())';
const owners = ['user_id', 'owner_id', 'author_id', 'created_by', 'profile_id', 'owner'];

/** Policies that many tables need. @param columns of the table: the one that names a row's owner is looked for among them */
export function templatesFor(columns: readonly string[]): readonly PolicyTemplate[] {
  const owner = owners.find((name) => columns.includes(name)) ?? (columns.includes('id') ? 'id' : 'user_id');
  const theirs = `${me} = ${owner}`;
  return [
    {
      title: 'Everybody reads',
      about: 'Also people who are not signed in.',
      draft: draft('Everybody reads', { roles: ['anon', 'authenticated'], using: 'true' }),
    },
    {
      title: 'Signed-in users read',
      about: 'Whoever has an account.',
      draft: draft('Signed-in users read', { using: 'true' }),
    },
    {
      title: 'Users do everything with their own rows',
      about: `Rows whose ${owner} they are.`,
      draft: draft('Users have their own rows', { command: 'all', using: theirs, check: theirs }),
    },
    {
      title: 'Users read their own rows',
      about: `Rows whose ${owner} they are.`,
      draft: draft('Users read their own rows', { using: theirs }),
    },
    {
      title: 'Users add rows of their own',
      about: 'New rows have to be theirs.',
      draft: draft('Users add their own rows', { command: 'insert', check: theirs }),
    },
    {
      title: 'Members of a team read',
      about: 'Teams stand in the app metadata of users, which only servers change.',
      draft: draft('Members of the team read', {
        using: `team_id::text in (select jsonb_array_elements_text((select auth.jwt()) -> 'app_metadata' -> 'teams'))`,
      }),
    },
    {
      title: 'Only with a second factor',
      about: 'A restrictive policy: it refuses what others allow.',
      draft: draft('Only with a second factor', {
        command: 'all',
        permissive: false,
        using: `(select auth.jwt() ->> 'aal') = 'aal2'`,
      }),
    },
  ];
}
