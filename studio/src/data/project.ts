import { useQuery } from '@tanstack/react-query';
import { studio } from './client.ts';

/** What clients connect with; nothing of it is secret. */
export interface Project {
  readonly url: string;
  readonly anonKey?: string;
  readonly publishableKey?: string;
  /** Whether the database answers questions in GraphQL. */
  readonly graphql: boolean;
  readonly database: {
    readonly host: string;
    readonly name: string;
    readonly sessionPort: number;
    readonly transactionPort?: number;
  };
}

/** Health of one service. */
export interface ServiceHealth {
  readonly status: 'starting' | 'healthy' | 'unhealthy' | 'stopped';
  readonly required: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Secrets that can be shown. */
export type SecretName = 'service_role_key' | 'secret_key' | 'database_password' | 'jwt_secret';

/** Addresses and public keys of the project. */
export const useProject = () =>
  useQuery({ queryKey: ['project'], queryFn: () => studio<Project>('/project'), staleTime: Number.POSITIVE_INFINITY });

/** Health of all services, asked for again every ten seconds while somebody looks. */
export const useServices = () =>
  useQuery({
    queryKey: ['services'],
    queryFn: () => studio<Readonly<Record<string, ServiceHealth>>>('/services'),
    refetchInterval: 10_000,
  });

/** Shows a secret; the server notes who asked. */
export const reveal = async (name: SecretName): Promise<string> =>
  (await studio<{ value: string }>('/reveal', { method: 'POST', body: { name } })).value;
