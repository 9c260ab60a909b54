import { randomUUID } from 'node:crypto';
import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { Database } from '#kernel/sql';
import { type AuthSettings, authSettings, type HookPoint, hookPoints } from '../../settings.ts';
import type { Sql } from '../../sql/rows.ts';
import type { WireObject } from '../user-view.ts';
import { askFunction } from './database-hook.ts';
import { askServer } from './http-hook.ts';
import { type HookTarget, parseHookTarget } from './target.ts';

/** Names of the points in what hooks are sent (`metadata.name`). */
const wireNames: Readonly<Record<HookPoint, string>> = {
  custom_access_token: 'customize-access-token',
  send_email: 'send-email',
  send_sms: 'send-sms',
  mfa_verification_attempt: 'mfa-verification',
  password_verification_attempt: 'password-verification',
  before_user_created: 'before-user-created',
  after_user_created: 'after-user-created',
};

/** An application's own code, asked at certain points. */
export interface Hooks {
  /** What stands behind a point; undefined where nothing does. Servers are never asked inside a transaction. */
  at(point: HookPoint): 'http' | 'database' | undefined;
  /**
   * Asks the hook at a point.
   *
   * @param ip of whoever made the request
   * @param sql the transaction a function of the database runs in; default is one of its own
   * @returns what the hook answers; empty where there is no hook
   * @throws hook_refused, hook_timeout, hook_timeout_after_retry, hook_payload_over_size_limit,
   *   hook_payload_invalid_content_type, unexpected_failure
   */
  ask(point: HookPoint, input: WireObject, ip: string | null, sql?: Sql): Promise<WireObject>;
}

/** A setting of a hook that cannot be used. */
export class HookSettingError extends Error {
  override readonly name = 'HookSettingError';
  readonly setting: string;

  constructor(setting: string, message: string) {
    super(message);
    this.setting = setting;
  }
}

/**
 * @throws HookSettingError when a hook is switched on whose address or secrets cannot be read
 */
export function createHooks(
  settings: AuthSettings,
  {
    db,
    egress,
    clock,
    log,
  }: { readonly db: Database; readonly egress: Egress; readonly clock: Clock; readonly log: Logger },
): Hooks {
  const targets = readTargets(settings);
  for (const [point, target] of targets)
    if (target.kind === 'http' && target.signers.length === 0)
      log.warn({ point }, 'this hook has no secrets, so its receiver cannot tell who sends its requests');
  return {
    at: (point) => targets.get(point)?.kind,
    async ask(point, input, ip, sql) {
      const target = targets.get(point);
      if (!target) return {};
      const message = { metadata: metadataOf(point, clock.now(), ip), ...input };
      if (target.kind === 'http') return askServer(egress, target, message, () => clock.now());
      return sql ? askFunction(sql, target, message) : db.transaction((own) => askFunction(own, target, message));
    },
  };
}

function readTargets(settings: AuthSettings): Map<HookPoint, HookTarget> {
  const targets = new Map<HookPoint, HookTarget>();
  for (const point of hookPoints) {
    if (!settings[`hook_${point}`]) continue;
    const setting = authSettings[`hookUri_${point}`].name;
    try {
      targets.set(point, parseHookTarget(settings[`hookUri_${point}`] ?? '', settings[`hookSecrets_${point}`] ?? ''));
    } catch (error) {
      throw new HookSettingError(setting, `${setting}: ${(error as Error).message}`);
    }
  }
  return targets;
}

const metadataOf = (point: HookPoint, now: number, ip: string | null): WireObject => ({
  uuid: randomUUID(),
  time: new Date(now).toISOString(),
  name: wireNames[point],
  ...(ip !== null && { ip_address: ip }),
});
