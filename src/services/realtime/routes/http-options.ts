import type { RealtimeContext } from '../core/context.ts';
import type { RealtimeSettings } from '../settings.ts';

/** What the HTTP side is made of. */
export interface HttpOptions {
  readonly context: RealtimeContext;
  readonly settings: RealtimeSettings;
  /** The JWT that an opaque key stands for; other keys as they are. */
  readonly translateKey: (key: string) => string;
}
