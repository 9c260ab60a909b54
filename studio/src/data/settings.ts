import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, studio } from './client.ts';

/** A setting of a room, as it stands in files and environment. */
export interface RoomSetting {
  readonly room: string;
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly secret: boolean;
  readonly isSet: boolean;
  /** Absent for secrets. */
  readonly text?: string;
  readonly standard: string;
  /** `default`, or where it is set. */
  readonly origin: string;
  /** The dashboard set it. */
  readonly changedHere: boolean;
  /** When a change counts: at once, from the next start on, or likewise and it is made in `.env`. */
  readonly counts: 'room' | 'restart' | 'file';
  /** Another value is in force until the next start. */
  readonly waits: boolean;
}

/** Settings of a topic. */
export interface SettingGroup {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly { readonly title: string; readonly names: readonly string[] }[];
}

/** Settings of every room. */
export interface AllSettings {
  readonly settings: readonly RoomSetting[];
  /** Topics of those of auth; empty where it does not run. */
  readonly authGroups: readonly SettingGroup[];
}

/** A change that was made. */
export interface SettingsVersion {
  readonly id: number;
  readonly at: string;
  readonly operator: string;
  readonly rooms: string;
  readonly changes: readonly {
    readonly name: string;
    readonly secret: boolean;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}

const key = ['settings'];

/** Settings of every room. */
export const useSettings = () =>
  useQuery({ queryKey: key, queryFn: ({ signal }) => studio<AllSettings>('/settings', { signal }) });

/** Those of auth, with their topics. */
export function useAuthSettings() {
  const all = useSettings();
  const data = all.data && {
    groups: all.data.authGroups,
    settings: all.data.settings.filter(({ room }) => room === 'auth'),
  };
  return { data, error: all.error, refetch: all.refetch };
}

/** Changes that were made, the latest first. */
export const useSettingsHistory = () =>
  useInfiniteQuery({
    queryKey: [...key, 'history'],
    queryFn: ({ pageParam, signal }) =>
      studio<SettingsVersion[]>(`/settings/history${pageParam === null ? '' : `?before=${pageParam}`}`, { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.length < 50 ? undefined : last.at(-1)?.id),
  });

/** What a change came to. */
interface Changed {
  readonly changed: readonly string[];
}

/** Saves settings; what may count at once does when it is done. */
export function useSaveSettings(done: (changed: readonly string[]) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: ReadonlyMap<string, string | null>) =>
      studio<Changed>('/settings', { method: 'PATCH', body: { changes: Object.fromEntries(changes) } }),
    async onSuccess({ changed }) {
      await client.invalidateQueries({ queryKey: key });
      done(changed);
    },
  });
}

/** Takes a change back. */
export function useUndo(done: (changed: readonly string[]) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => studio<Changed>(`/settings/history/${id}/undo`, { method: 'POST' }),
    async onSuccess({ changed }) {
      await client.invalidateQueries({ queryKey: key });
      done(changed);
    },
  });
}

/** What is wrong with which setting, as a refused change tells it. */
export function problemsOf(error: unknown): ReadonlyMap<string, string> {
  const told = error instanceof ApiError ? error.body.problems : undefined;
  if (!Array.isArray(told)) return new Map();
  return new Map(told.map(({ name, message }: { name: string; message: string }) => [name, message]));
}
