import type { Health } from '#kernel/lifecycle';

/** What the dashboard shows that other rooms know. */
export interface StudioPorts {
  readonly health: () => Promise<Readonly<Record<string, Health & { readonly required: boolean }>>>;
}
