import { catalogueOf, defineErrors, type ServiceError } from '#kernel/errors';

/** What the gateway itself answers; texts are Kong's, which clients and scripts match on. */
export const gatewayErrors = catalogueOf({
  400: {
    bad_path: 'Bad request',
  },
  401: {
    no_api_key: 'No API key found in request',
    invalid_credentials: 'Invalid authentication credentials',
    duplicate_api_key: 'Duplicate API key found',
    unauthorized: 'Unauthorized',
  },
  403: {
    forbidden_group: 'You cannot consume this service',
    forbidden: 'Access is forbidden.',
  },
  404: {
    no_route: 'no Route matched with those values',
  },
  413: {
    body_too_large: 'Request size limit exceeded',
  },
  502: {
    upstream_invalid: 'An invalid response was received from the upstream server',
  },
  503: {
    overloaded: 'The server is busy; try again shortly',
    upstream_unavailable: 'The upstream server is currently unavailable',
  },
  504: {
    upstream_timeout: 'The upstream server is timing out',
  },
});

/** Builds one of the gateway's errors. */
export const gatewayError = defineErrors(gatewayErrors);

/** A rendered answer. */
export interface RenderedError {
  readonly contentType: string;
  readonly body: string;
}

/** Renders an error in the form `Accept` asks for, as Kong's templates do; JSON stands over three lines. */
export function renderGatewayError(error: ServiceError, accept: string | undefined): RenderedError {
  const { message } = error;
  // Kong's request-termination plugin writes the object compactly, its error templates do not.
  if (error.code === 'forbidden')
    return { contentType: 'application/json; charset=utf-8', body: JSON.stringify({ message }) };
  const form = preferredForm(accept);
  if (form === 'html')
    return {
      contentType: 'text/html; charset=utf-8',
      body: `<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Kong Error</title>\n  </head>\n  <body>\n    <h1>Kong Error</h1>\n    <p>${escapeMarkup(message)}.</p>\n  </body>\n</html>\n`,
    };
  if (form === 'plain') return { contentType: 'text/plain; charset=utf-8', body: `${message}\n` };
  if (form === 'xml')
    return {
      contentType: 'application/xml; charset=utf-8',
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>${escapeMarkup(message)}</message>\n</error>`,
    };
  return { contentType: 'application/json; charset=utf-8', body: `{\n  "message":${JSON.stringify(message)}\n}` };
}

const forms: readonly (readonly [string, 'html' | 'plain' | 'xml' | 'json'])[] = [
  ['text/html', 'html'],
  ['text/plain', 'plain'],
  ['application/xml', 'xml'],
  ['application/json', 'json'],
];

// The type with the highest quality; at equal quality the first named. `*/*` and unknown types mean JSON.
function preferredForm(accept = ''): 'html' | 'plain' | 'xml' | 'json' {
  let best: 'html' | 'plain' | 'xml' | 'json' = 'json';
  let bestQuality = 0;
  for (const item of accept.slice(0, 1_024).split(',')) {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const form = forms.find(([name]) => name === type)?.[1] ?? (type === '*/*' ? 'json' : undefined);
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    if (form && quality > bestQuality) {
      best = form;
      bestQuality = quality;
    }
  }
  return best;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeMarkup = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] as string);
