import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { room } from '../../data/client.ts';
import { encodeFilePath } from './paths.ts';

/** A function, as the Management API has it. */
export interface FunctionInfo {
  readonly slug: string;
  readonly name: string;
  readonly status: string;
  readonly version: number;
  readonly verify_jwt: boolean;
  readonly updated_at: number;
}

/** A file of a function. */
export interface FunctionFile {
  readonly path: string;
  readonly size: number;
}

/** Something a function said, or that happened to it. */
export interface FunctionLog {
  readonly sequence: number;
  readonly timestamp: number;
  readonly event_type: string;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly event_message: string;
}

/** A request to a function. */
export interface Invocation {
  readonly sequence: number;
  readonly timestamp: number;
  readonly method: string;
  readonly pathname: string;
  readonly status_code: number;
  readonly execution_time_ms: number;
}

/** A variable of all functions; of its value a digest alone. */
export interface FunctionSecret {
  readonly name: string;
  readonly value: string;
}

const key = ['functions'];
const base = '/default/functions';
const ofFunction = (slug: string, rest: string): string => `${base}/${encodeURIComponent(slug)}${rest}`;

/** All functions. */
export const useFunctions = () =>
  useQuery({
    queryKey: [...key, 'list'],
    queryFn: ({ signal }) => room<FunctionInfo[]>('functions', base, { signal }),
  });

/** Files of one. */
export const useFiles = (slug: string) =>
  useQuery({
    queryKey: [...key, 'files', slug],
    queryFn: ({ signal }) => room<FunctionFile[]>('functions', ofFunction(slug, '/files'), { signal }),
  });

/** The text of a file. */
export const useFileText = (slug: string, path: string) =>
  useQuery({
    queryKey: [...key, 'file', slug, path],
    queryFn: ({ signal }) =>
      room<string>('functions', ofFunction(slug, `/files/${encodeFilePath(path)}`), { signal, text: true }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What was said lately, the newest first; asked for again while somebody looks. */
export const useFunctionLogs = (slug: string) =>
  useQuery({
    queryKey: [...key, 'logs', slug],
    queryFn: async ({ signal }) =>
      (await room<FunctionLog[]>('functions', ofFunction(slug, '/logs?limit=200'), { signal })).toReversed(),
    refetchInterval: 2_000,
  });

/** Requests of late, the newest first. */
export const useInvocations = (slug: string) =>
  useQuery({
    queryKey: [...key, 'invocations', slug],
    queryFn: async ({ signal }) =>
      (await room<Invocation[]>('functions', ofFunction(slug, '/invocations?limit=200'), { signal })).toReversed(),
    refetchInterval: 2_000,
  });

/** Variables of all functions. */
export const useSecrets = (enabled: boolean) =>
  useQuery({
    queryKey: [...key, 'secrets'],
    queryFn: ({ signal }) => room<FunctionSecret[]>('functions', '/default/secrets', { signal }),
    enabled,
  });

/** Something done to functions, after which what is shown of them is asked for again. */
export function useFunctionChange<Given = void>(
  change: (given: Given) => Promise<unknown>,
  done: (given: Given) => void,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    async onSuccess(_answer, given) {
      await client.invalidateQueries({ queryKey: key });
      done(given);
    },
  });
}

/** Writes a file; a worker that starts from then on runs it. */
export const saveFile = (slug: string, path: string, text: string): Promise<unknown> =>
  room('functions', ofFunction(slug, `/files/${encodeFilePath(path)}`), {
    method: 'PUT',
    body: new Blob([text], { type: 'application/octet-stream' }),
  });

/** Removes a file. */
export const removeFile = (slug: string, path: string): Promise<unknown> =>
  room('functions', ofFunction(slug, `/files/${encodeFilePath(path)}`), { method: 'DELETE' });

/** Removes a function. */
export const removeFunction = (slug: string): Promise<unknown> =>
  room('functions', ofFunction(slug, ''), { method: 'DELETE' });

/** Sets a variable of all functions. */
export const setSecret = (name: string, value: string): Promise<unknown> =>
  room('functions', '/default/secrets', { method: 'POST', body: [{ name, value }] });

/** Takes one away. */
export const unsetSecret = (name: string): Promise<unknown> =>
  room('functions', '/default/secrets', { method: 'DELETE', body: [name] });

/** What a function answered. */
export interface Answer {
  readonly status: number;
  readonly time: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Calls a function, with the server's key in place of a user's. */
export async function callFunction(
  slug: string,
  request: { readonly method: string; readonly path: string; readonly body: string },
): Promise<Answer> {
  const began = performance.now();
  const hasBody = request.method !== 'GET' && request.body !== '';
  const response = await fetch(`/api/rooms/invoke/${encodeURIComponent(slug)}${request.path}`, {
    method: request.method,
    headers: { 'x-studio-request': '1', ...(hasBody && { 'content-type': 'application/json' }) },
    ...(hasBody && { body: request.body }),
  });
  const body = await response.text();
  return { status: response.status, time: performance.now() - began, headers: [...response.headers], body };
}
