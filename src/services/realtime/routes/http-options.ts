import type { Limits } from '../core/limits/limits.ts';
import type { LongPolls } from '../core/long-poll/long-polls.ts';
import type { Tenant } from '../core/tenant.ts';
import type { RealtimeSettings } from '../settings.ts';
import type { HandshakeOptions } from './handshake.ts';

/** What the HTTP side is made of. */
export interface HttpOptions extends HandshakeOptions {
  readonly polls: LongPolls;
  readonly settings: RealtimeSettings;
  readonly tenant: Tenant;
  /** On all nodes. @param disconnect true: sockets are closed whatever was changed */
  readonly changeTenant: (limits: Partial<Limits>, disconnect?: boolean) => void;
  readonly databaseAnswers: () => Promise<boolean>;
}
