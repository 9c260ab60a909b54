import { useQuery } from '@tanstack/react-query';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { type Answer, call } from '../../data/call.ts';
import { type ActAs, callerOf } from '../../sql/act-as.ts';
import { complaintsOf } from './ask.ts';

/** What is sent (GraphQL over HTTP). */
export interface Request {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
}

/** Asks as somebody, by the same path of the REST API that `/graphql/v1` leads to. The answer is whole. */
export async function ask(
  request: Request,
  as: ActAs,
  signal: AbortSignal,
  headers: readonly (readonly [name: string, value: string])[] = [],
): Promise<Answer> {
  let last: Answer | undefined;
  await call(
    'rest/rpc/graphql',
    {
      method: 'POST',
      headers: [['content-profile', 'graphql_public'], ['content-type', 'application/json'], ...headers],
      body: JSON.stringify(request),
      as: callerOf(as),
    },
    (answer) => {
      last = answer;
    },
    signal,
    Number.POSITIVE_INFINITY,
  );
  if (!last) throw new Error('The server did not answer');
  return last;
}

/** The schema as somebody sees it: grants decide what is in it. */
export const useSchema = (as: ActAs) =>
  useQuery({
    queryKey: ['graphql-schema', callerOf(as)],
    queryFn: async ({ signal }) => {
      const { body } = await ask({ query: getIntrospectionQuery() }, as, signal);
      const answer = JSON.parse(body) as { readonly data?: IntrospectionQuery | null; readonly message?: string };
      if (!answer.data) throw new Error(complaintsOf(answer)[0]?.message ?? answer.message ?? 'There is no schema');
      return buildClientSchema(answer.data);
    },
    staleTime: 60_000,
  });
