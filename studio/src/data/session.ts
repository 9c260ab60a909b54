import { useQuery, useQueryClient } from '@tanstack/react-query';
import { studio } from './client.ts';
import { signInByPasskey } from './passkeys.ts';

/** What an operator may do, least first. */
export const roles = ['read-only', 'developer', 'owner'] as const;

/** A role of the dashboard. */
export type Role = (typeof roles)[number];

/** Whether a role may do what needs another. */
export const reaches = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);

/** Who is signed in, and the names of what they look at. */
export interface Session {
  readonly name: string;
  readonly role: Role;
  /** Null for tools that came with credentials instead. */
  readonly sessionId: string | null;
  /** True for the account of DASHBOARD_USERNAME. */
  readonly fromSettings: boolean;
  readonly secondFactor: boolean;
  readonly organization: string;
  readonly project: string;
}

/** Key of the session among what was loaded; `null` there is nobody. */
export const sessionKey = ['session'];

/** The session as the server knows it; `null` without one. */
export const useSessionQuery = () =>
  useQuery({ queryKey: sessionKey, queryFn: () => studio<Session | null>('/session'), staleTime: 60_000 });

/** The session, in views that are only shown with one. */
export function useSession(): Session {
  const { data } = useSessionQuery();
  if (!data) throw new Error('This view is shown without a session');
  return data;
}

/** Whether the operator's role reaches another. */
export const useMay = (needed: Role): boolean => reaches(useSession().role, needed);

/** Signing in and out; both forget everything that was loaded. */
export function useSignIn() {
  const client = useQueryClient();
  async function signedIn(): Promise<void> {
    // What somebody else loaded before is not this operator's to see.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
    await client.refetchQueries({ queryKey: sessionKey });
  }
  return {
    async signIn(name: string, password: string, code: string): Promise<void> {
      await studio('/session', { method: 'POST', body: { name, password, ...(code !== '' && { code }) } });
      await signedIn();
    },
    async signInByPasskey(): Promise<void> {
      await signInByPasskey();
      await signedIn();
    },
    async signOut(): Promise<void> {
      await studio('/session', { method: 'DELETE' });
      location.assign('/');
    },
  };
}
