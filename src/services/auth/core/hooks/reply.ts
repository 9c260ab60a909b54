import { authError } from '../../errors.ts';
import type { WireObject } from '../user-view.ts';

/** Bytes of a hook's reply at most. */
export const hookReplyLimit = 204_800;

/** What a server answered to a hook's request. */
export interface HookReply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/**
 * Reads a reply.
 *
 * @returns the hook's output, or `retry` when the server asks for another attempt
 * @throws hook_payload_invalid_content_type, hook_refused, unexpected_failure
 */
export function readReply(reply: HookReply): WireObject | 'retry' {
  const failed = (message: string): Error => authError('unexpected_failure', { message });
  switch (reply.status) {
    case 204:
      return {};
    case 200:
    case 202:
      assertJson(reply.contentType);
      return readOutput(parse(reply.body));
    case 429:
    case 503:
      if (reply.retryAfter) return 'retry';
      throw failed('Service currently unavailable due to hook');
    case 400:
      throw failed('Invalid payload sent to hook');
    case 401:
      throw failed('Hook requires authorization token');
    default:
      throw failed(`Unexpected status code returned from hook: ${reply.status}`);
  }
}

function assertJson(contentType: string): void {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  throw authError('hook_payload_invalid_content_type', {
    message:
      contentType === ''
        ? 'Invalid Content-Type: Missing Content-Type header'
        : 'Invalid JSON response. Received content-type: application/json is expected',
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw authError('unexpected_failure', { message: 'Error unmarshaling JSON output.', cause: error });
  }
}

/**
 * Takes a hook's output apart: an object is handed on, unless it says that something is wrong.
 *
 * @throws hook_refused with status and text of the hook; unexpected_failure when the output is no object
 */
export function readOutput(output: unknown): WireObject {
  if (output === null || output === undefined) return {};
  if (typeof output !== 'object' || Array.isArray(output))
    throw authError('unexpected_failure', { message: 'Error unmarshaling JSON output.' });
  const { error } = output as { readonly error?: unknown };
  if (typeof error === 'object' && error !== null) {
    const { http_code: status, message } = error as { readonly http_code?: unknown; readonly message?: unknown };
    // As upstream has it, an error without a text is none.
    if (typeof message === 'string' && message !== '')
      throw authError('hook_refused', { status: statusOf(status), message });
  }
  return output as WireObject;
}

// Nothing but an error status may come of an error, whatever the hook says.
const statusOf = (status: unknown): number =>
  typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
