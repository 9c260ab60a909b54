import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { studio } from '../../../data/client.ts';

/** A setting as the server tells of it. */
export interface LiveSetting {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly secret: boolean;
  readonly isSet: boolean;
  readonly text?: string;
  readonly standard: string;
  readonly origin: string;
  readonly changedHere: boolean;
}

/** Settings of a topic. */
export interface SettingGroup {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly { readonly title: string; readonly names: readonly string[] }[];
}

/** Everything that may be changed. */
export interface AuthSettings {
  readonly groups: readonly SettingGroup[];
  readonly settings: readonly LiveSetting[];
}

/** A change that was made. */
export interface SettingsVersion {
  readonly id: number;
  readonly at: string;
  readonly operator: string;
  readonly changes: readonly {
    readonly name: string;
    readonly secret: boolean;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}

const key = ['auth-settings'];

/** Settings of auth that may change while it serves. */
export const useAuthSettings = () =>
  useQuery({ queryKey: key, queryFn: ({ signal }) => studio<AuthSettings>('/auth/settings', { signal }) });

/** Changes that were made, the latest first. */
export const useSettingsHistory = () =>
  useInfiniteQuery({
    queryKey: [...key, 'history'],
    queryFn: ({ pageParam, signal }) =>
      studio<SettingsVersion[]>(`/auth/settings/history${pageParam === null ? '' : `?before=${pageParam}`}`, {
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.length < 50 ? undefined : last.at(-1)?.id),
  });

/** What a change came to. */
interface Changed {
  readonly changed: readonly string[];
}

/** Saves settings; they count when it is done. */
export function useSaveSettings(done: (changed: readonly string[]) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: ReadonlyMap<string, string | null>) =>
      studio<Changed>('/auth/settings', { method: 'PATCH', body: { changes: Object.fromEntries(changes) } }),
    async onSuccess({ changed }) {
      await client.invalidateQueries({ queryKey: key });
      done(changed);
    },
  });
}

/** Puts everything back to what it was before a change. */
export function useUndo(done: (changed: readonly string[]) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => studio<Changed>(`/auth/settings/history/${id}/undo`, { method: 'POST' }),
    async onSuccess({ changed }) {
      await client.invalidateQueries({ queryKey: key });
      done(changed);
    },
  });
}
