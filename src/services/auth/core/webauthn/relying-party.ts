import type { AuthSettings } from '../../settings.ts';

/** Whom keys are made for, and from which pages they may be used (WebAuthn §4, "Relying Party"). */
export interface RelyingParty {
  /** A domain. */
  readonly id: string;
  readonly name: string;
  readonly origins: readonly string[];
}

/** The relying party that settings name, or the one SITE_URL stands for. */
export function relyingParty(settings: AuthSettings): RelyingParty {
  const site = new URL(settings.siteUrl);
  const id = settings.webauthnId ?? site.hostname;
  return {
    id,
    name: settings.webauthnName ?? id,
    origins: settings.webauthnOrigins.length > 0 ? settings.webauthnOrigins : [site.origin],
  };
}
