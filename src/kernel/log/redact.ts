/** Replaces every secret in a text. */
export interface Redactor {
  (text: string): string;
  /**
   * Hides secrets that have come to be known since, e.g. with changed settings; those known stay hidden.
   *
   * @returns ends that, once nothing can tell them any more; what is hidden for another reason as well stays hidden
   */
  hide(secrets: readonly (string | undefined)[]): () => void;
}

const mask = '[redacted]';

// Three base64url parts of which the first begins like a JSON object: a JWT. The signature is what must not leak.
const jwtPattern = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]+/g;
const opaqueKeyPattern = /\bsb_(?:secret|publishable)_[\w-]{8,}/g;
const urlPasswordPattern = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi;

/**
 * Builds a redactor.
 *
 * @param secrets values that must never be seen, e.g. passwords and keys; those under 6 characters are left out, since
 *   hiding them would garble ordinary words
 */
export function createRedactor(secrets: readonly (string | undefined)[]): Redactor {
  const groups = new Set<readonly string[]>();
  let known: readonly string[] = [];
  function learn(): void {
    // Longest first, so that a secret that contains another goes whole.
    known = [...new Set([...groups].flat())].sort((a, b) => b.length - a.length);
  }
  function hide(more: readonly (string | undefined)[]): () => void {
    const group = more
      .filter((secret): secret is string => secret !== undefined && secret.length >= 6)
      .flatMap(writtenForms);
    groups.add(group);
    learn();
    return () => {
      groups.delete(group);
      learn();
    };
  }
  hide(secrets);
  const redact = (text: string): string => {
    let result = text;
    for (const secret of known) if (result.includes(secret)) result = result.replaceAll(secret, mask);
    return result.replace(jwtPattern, mask).replace(opaqueKeyPattern, mask).replace(urlPasswordPattern, `$1${mask}@`);
  };
  return Object.assign(redact, { hide });
}

// As it is, inside a JSON text (a line of the log), and inside a URL.
function writtenForms(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [secret, inJson, encodeURIComponent(Buffer.from(secret).toString())];
}

const secretParameters =
  /([?&;](?:apikey|token|access_token|refresh_token|provider_token|code|password|secret|token_hash|signature|x-amz-[a-z-]+)=)[^&;#]*/gi;

/** A request target with the values of secret-bearing query parameters masked. */
export function redactUrl(url: string): string {
  return url.includes('?') ? url.replace(secretParameters, `$1${mask}`) : url;
}
