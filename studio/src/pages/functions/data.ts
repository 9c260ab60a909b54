import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { room } from '../../data/client.ts';
import { type Drafts, deploymentForm, fileOf } from './deploy.ts';
import { encodeFilePath } from './paths.ts';

/** A function, as the Management API has it. */
export interface FunctionInfo {
  readonly slug: string;
  readonly name: string;
  readonly status: string;
  readonly version: number;
  readonly verify_jwt: boolean;
  readonly entrypoint_path: string;
  readonly import_map_path?: string;
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

/** One of them. */
export const useFunction = (slug: string) =>
  useQuery({
    queryKey: [...key, 'one', slug],
    queryFn: ({ signal }) => room<FunctionInfo>('functions', ofFunction(slug, ''), { signal }),
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
      room<string>('functions', ofFunction(slug, `/files/${encodeFilePath(path)}`), { signal, answer: 'text' }),
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

const deploy = (slug: string, form: FormData): Promise<FunctionInfo> =>
  room('functions', `${base}/deploy?slug=${encodeURIComponent(slug)}`, { method: 'POST', body: form });

/** Makes a function of one file. */
export const createFunction = (slug: string, code: string): Promise<FunctionInfo> =>
  deploy(
    slug,
    deploymentForm(new FormData(), new Map([['index.ts', code]]), {
      entrypoint_path: 'index.ts',
      import_map_path: undefined,
    }),
  );

/** Deploys changed files together with those that stay as they are, as one version: all of them or none. */
export async function deployDrafts(slug: string, drafts: Drafts): Promise<FunctionInfo> {
  const [info, files] = await Promise.all([
    room<FunctionInfo>('functions', ofFunction(slug, '')),
    room<FormData>('functions', ofFunction(slug, '/body'), { answer: 'form' }),
  ]);
  const paths = [...files.values()].flatMap((file) => (typeof file === 'string' ? [] : [file.name]));
  return deploy(
    slug,
    deploymentForm(files, drafts, {
      entrypoint_path: fileOf(info.entrypoint_path, slug, paths),
      import_map_path: fileOf(info.import_map_path, slug, paths),
    }),
  );
}

/** Says whether requests need a valid token. @throws Error where the configuration file says otherwise */
export async function setVerifyJwt(slug: string, verify: boolean): Promise<void> {
  const { verify_jwt: now } = await room<FunctionInfo>('functions', ofFunction(slug, ''), {
    method: 'PATCH',
    body: { verify_jwt: verify },
  });
  if (now !== verify) throw new Error('supabase/config.toml says otherwise for this function; change verify_jwt there');
}

/** Removes a file. */
export const removeFile = (slug: string, path: string): Promise<unknown> =>
  room('functions', ofFunction(slug, `/files/${encodeFilePath(path)}`), { method: 'DELETE' });

/** Removes a function. What is shown of it is not asked for again, as it is gone. */
export function useFunctionRemoval(slug: string, done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => room('functions', ofFunction(slug, ''), { method: 'DELETE' }),
    async onSuccess() {
      client.setQueryData<readonly FunctionInfo[]>([...key, 'list'], (all) =>
        all?.filter((each) => each.slug !== slug),
      );
      await client.invalidateQueries({ queryKey: key, refetchType: 'none' });
      done();
    },
  });
}

/** Sets a variable of all functions. */
export const setSecret = (name: string, value: string): Promise<unknown> =>
  room('functions', '/default/secrets', { method: 'POST', body: [{ name, value }] });

/** Takes one away. */
export const unsetSecret = (name: string): Promise<unknown> =>
  room('functions', '/default/secrets', { method: 'DELETE', body: [name] });
