import type { Egress } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { type AuthSettings, type MailKind, mailKinds } from '../../settings.ts';
import { compileHtml, compileText, type Template } from '../template/render.ts';
import { defaultTemplates } from './default-templates.ts';

/** Subject and body of a kind of mail, ready to be filled in. */
export interface MailForm {
  readonly subject: Template;
  readonly body: Template;
}

/** The room's mail templates: built in, or fetched from where settings say. */
export interface TemplateShelf {
  /** The template in force. Fetches it when it is due; when that fails, what there was, else the built-in one. */
  find(kind: MailKind): Promise<MailForm>;
  /** The subject in force over the built-in body, for when a template cannot be filled in. */
  builtIn(kind: MailKind): MailForm;
  /** Begins to renew templates in use before they are asked for, where settings want that. */
  start(): void;
  stop(): void;
}

interface Fetched {
  body: Template | undefined;
  /** Milliseconds. */
  fetchedAt: number;
  triedAt: number;
  usedAt: number;
  pending: Promise<void> | undefined;
}

/** @throws Error naming the setting whose template cannot be read */
export function createTemplateShelf(settings: AuthSettings, egress: Egress, clock: Clock, log: Logger): TemplateShelf {
  const builtIn = new Map<MailKind, MailForm>();
  const given = new Map<MailKind, Template>();
  const sources = new Map<MailKind, { readonly url: string; readonly state: Fetched }>();
  for (const kind of mailKinds) {
    const { subject, body } = defaultTemplates[kind];
    const own = settings[`subject_${kind}`];
    builtIn.set(kind, { subject: compileSubject(kind, own ?? subject), body: compileHtml(body) });
    const ownBody = settings[`body_${kind}`];
    if (ownBody !== undefined) given.set(kind, compileBody(kind, ownBody));
    const url = ownBody === undefined ? readUrl(settings, kind) : undefined;
    const never = Number.NEGATIVE_INFINITY;
    if (url !== undefined)
      sources.set(kind, {
        url,
        state: { body: undefined, fetchedAt: never, triedAt: never, usedAt: never, pending: undefined },
      });
  }
  let timer: NodeJS.Timeout | undefined;

  async function renew(kind: MailKind, url: string, state: Fetched): Promise<void> {
    state.triedAt = clock.now();
    try {
      state.body = compileHtml(await fetchTemplate(egress, url, settings.templateMaxSize));
      state.fetchedAt = clock.now();
    } catch (error) {
      log.warn({ err: error, kind }, 'a mail template could not be fetched; the one before is used');
    }
  }

  const isStale = (state: Fetched): boolean => state.fetchedAt + settings.templateMaxAge <= clock.now();
  const mayTry = (state: Fetched): boolean => state.triedAt + settings.templateRetryInterval <= clock.now();

  function ensure(kind: MailKind, url: string, state: Fetched): Promise<void> {
    state.pending ??= renew(kind, url, state).finally(() => {
      state.pending = undefined;
    });
    return state.pending;
  }

  return {
    builtIn: (kind) => builtIn.get(kind) as MailForm,
    async find(kind) {
      const form = builtIn.get(kind) as MailForm;
      const own = given.get(kind);
      if (own) return { subject: form.subject, body: own };
      const source = sources.get(kind);
      if (!source) return form;
      const { url, state } = source;
      state.usedAt = clock.now();
      if (isStale(state) && (state.pending || mayTry(state))) await ensure(kind, url, state);
      return state.body ? { subject: form.subject, body: state.body } : form;
    },
    start() {
      if (!settings.templateReloading || sources.size === 0) return;
      timer = setInterval(() => {
        for (const [kind, { url, state }] of sources)
          if (state.usedAt + settings.templateMaxIdle > clock.now() && mayTry(state)) void ensure(kind, url, state);
      }, settings.templateMaxAge);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}

function compileBody(kind: MailKind, source: string): Template {
  try {
    return compileHtml(source);
  } catch (error) {
    throw new Error(`STACK_AUTH_TEMPLATE_${kind.toUpperCase()}: ${(error as Error).message}`);
  }
}

function compileSubject(kind: MailKind, source: string): Template {
  try {
    return compileText(source);
  } catch (error) {
    throw new Error(`GOTRUE_MAILER_SUBJECTS_${kind.toUpperCase()}: ${(error as Error).message}`);
  }
}

// A path alone counts from the application's address.
function readUrl(settings: AuthSettings, kind: MailKind): string | undefined {
  const text = settings[`template_${kind}`];
  if (text === undefined) return undefined;
  if (!URL.canParse(text, settings.siteUrl))
    throw new Error(`GOTRUE_MAILER_TEMPLATES_${kind.toUpperCase()}: ${text} is no URL`);
  return new URL(text, settings.siteUrl).href;
}

/** The setting's own URL may lead into the own network; a redirect to elsewhere may not. */
async function fetchTemplate(egress: Egress, url: string, maxBytes: number): Promise<string> {
  let answer = await egress.request(url, { maxBytes, byOperator: true });
  const { location } = answer.headers;
  if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
    const next = new URL(location, url);
    const byOperator = next.origin === new URL(url).origin;
    answer = await egress.request(next, { maxBytes, byOperator, ...(!byOperator && { redirects: 2 }) });
  }
  if (answer.status !== 200) throw new Error(`the answer has status ${answer.status}`);
  return answer.body.toString('utf8');
}
