import type { PolicyTemplate } from '../../policies/templates.ts';
import type { Policy, PolicyDraft } from '../../sql/policies.ts';
import { quoteText } from '../../sql/quote.ts';

/** The table whose policies say who may do what with files. */
export const objectsTable = { schema: 'storage', name: 'objects' } as const;

/** Policies on files: those that speak of a bucket, and those that speak of none and so count in all. Of others: neither. */
export function policiesOf(
  bucket: string,
  policies: readonly Policy[],
): { readonly own: readonly Policy[]; readonly general: readonly Policy[] } {
  const onFiles = policies.filter(({ schema, table }) => schema === objectsTable.schema && table === objectsTable.name);
  const named = quoteText(bucket);
  const says = (policy: Policy, what: string) => `${policy.using}\n${policy.check}`.includes(what);
  return {
    own: onFiles.filter((policy) => says(policy, named)),
    general: onFiles.filter((policy) => !says(policy, 'bucket_id')),
  };
}

// PostgreSQL cuts longer names off (NAMEDATALEN), and policies of one table have names of their own.
const longestName = 63;

/** Policies that buckets commonly have. */
export function bucketTemplates(bucket: string): readonly PolicyTemplate[] {
  const here = `bucket_id = ${quoteText(bucket)}`;
  const mine = `${here} and owner_id = (select auth.uid()::text)`;
  const folder = `${here} and (storage.foldername(name))[1] = (select auth.uid()::text)`;
  const draft = (name: string, more: Partial<PolicyDraft>): PolicyDraft => ({
    name: cut(`${bucket}: ${name}`),
    command: 'select',
    permissive: true,
    roles: ['authenticated'],
    using: '',
    check: '',
    ...more,
  });
  return [
    {
      title: 'Everybody reads and lists',
      about: 'Also people who are not signed in. A public bucket needs it for listing alone.',
      draft: draft('everybody reads', { roles: ['anon', 'authenticated'], using: here }),
    },
    {
      title: 'Signed-in users read',
      about: 'Whoever has an account.',
      draft: draft('signed-in users read', { using: here }),
    },
    {
      title: 'Signed-in users upload',
      about: 'New files only.',
      draft: draft('signed-in users upload', { command: 'insert', check: here }),
    },
    {
      title: 'Signed-in users upload images',
      about: 'By the ending of the name.',
      draft: draft('signed-in users upload images', {
        command: 'insert',
        check: `${here} and lower(storage.extension(name)) in ('png', 'jpg', 'jpeg', 'gif', 'webp', 'avif')`,
      }),
    },
    {
      title: 'Users do everything in a folder of their own',
      about: 'The first folder is called by their id.',
      draft: draft('users have a folder of their own', { command: 'all', using: folder, check: folder }),
    },
    {
      title: 'Users change what they uploaded',
      about: 'Also under another name.',
      draft: draft('users change what is theirs', { command: 'update', using: mine, check: mine }),
    },
    {
      title: 'Users delete what they uploaded',
      about: 'They have to be able to read it, too.',
      draft: draft('users delete what is theirs', { command: 'delete', using: mine }),
    },
  ];
}

function cut(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= longestName
    ? name
    : new TextDecoder().decode(bytes.slice(0, longestName)).replace(/\ufffd+$/, '');
}
