import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import type { StudioPorts } from '../ports.ts';
import type { StudioSettings } from '../settings.ts';
import type { Attempts } from './attempts.ts';
import type { Previews } from './previews.ts';
import type { Seal } from './seal.ts';
import type { Snippets } from './snippets.ts';

/** What a running studio room works with. */
export interface StudioContext {
  readonly settings: StudioSettings;
  readonly ports: StudioPorts;
  readonly log: Logger;
  readonly db: Database;
  readonly clock: Clock;
  readonly attempts: Attempts;
  readonly snippets: Snippets;
  /** Undefined without a secret: no second factors then. */
  readonly seal: Seal | undefined;
  /** Mails that operators look at. */
  readonly previews: Previews;
}
