import type { Actor } from '../core/audit.ts';
import type { Bearer } from '../core/bearer.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { LimitName } from './limits.ts';

interface Common {
  /** Asked before anything else, e.g. whether the feature is on. @throws what the request is answered with */
  readonly before?: (exchange: Exchange) => void;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** True: HEAD is answered too. Never where GET changes something, since scanners of mails send HEAD first. */
  readonly head?: true;
  /** The bucket requests are counted in, where limits by client are on. */
  readonly limit?: LimitName;
  /** True: only with a captcha, where they are on. Public endpoints only. */
  readonly captcha?: true;
  /** True: the answer may carry tokens or personal data, so nobody may keep it. */
  readonly private?: boolean;
}

/** An endpoint: where it is, who may use it, and what it does. */
export type Route =
  | (Common & { readonly access: 'public'; readonly handle: (exchange: Exchange) => Answer | Promise<Answer> })
  | (Common & {
      readonly access: 'user' | 'permanent-user';
      readonly handle: (exchange: Exchange, bearer: Bearer) => Answer | Promise<Answer>;
    })
  | (Common & {
      readonly access: 'admin';
      readonly handle: (exchange: Exchange, actor: Actor) => Answer | Promise<Answer>;
    });
