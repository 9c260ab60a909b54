import type { RealtimeContext } from '../core/context.ts';
import type { Limits } from '../core/limits/limits.ts';
import type { Tenant } from '../core/tenant.ts';
import type { RealtimeSettings } from '../settings.ts';

/** What the HTTP side is made of. */
export interface HttpOptions {
  readonly context: RealtimeContext;
  readonly settings: RealtimeSettings;
  readonly tenant: Tenant;
  /** On all nodes. @param disconnect true: sockets are closed whatever was changed */
  readonly changeTenant: (limits: Partial<Limits>, disconnect?: boolean) => void;
  readonly databaseAnswers: () => Promise<boolean>;
  /** The JWT that an opaque key stands for; other keys as they are. */
  readonly translateKey: (key: string) => string;
}
