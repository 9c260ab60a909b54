import { encodeMessage } from '../wire/encode.ts';
import type { Ref, Version } from '../wire/messages.ts';

/** The answer to a client's message. @param response JSON text */
export function replyFrame(
  version: Version,
  to: { readonly joinRef: Ref; readonly ref: Ref; readonly topic: string },
  status: 'ok' | 'error',
  response = '{}',
): Buffer {
  return encodeMessage(version, {
    joinRef: to.joinRef,
    ref: to.ref,
    topic: to.topic,
    event: 'phx_reply',
    payload: `{"status":"${status}","response":${response}}`,
  });
}

/** JSON text of the one reason a client gets; it joins all values of this object to a text. */
export const reason = (text: string): string => JSON.stringify({ reason: text });
