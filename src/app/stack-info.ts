import type { Health } from '#kernel/lifecycle';
import type { Reload } from '#services/rest';

/** Health of every room by name. */
export type StackHealth = Readonly<Record<string, Health & { readonly required: boolean }>>;

/** What a running stack can be made to read again: rest's schema or configuration, or all settings. */
export type StackReload = Reload | 'settings';

/** What `status` tells about a running stack. */
export interface StackInfo {
  readonly url: string;
  /** Where mails go; undefined where auth does not run here. */
  readonly mail: 'smtp' | 'inbox' | undefined;
  readonly database: {
    readonly embedded: boolean;
    readonly socketDir: string | undefined;
    readonly port: number;
    readonly name: string;
  };
}
