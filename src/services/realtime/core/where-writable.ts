import { AccessError, type Extension } from './access/access.ts';
import type { Channel } from './channel.ts';

/**
 * Does something where the channel may write; asks the policies the first time.
 *
 * @param denied what to do otherwise; default nothing, which is what the original does
 */
export function whereWritable(
  channel: Channel,
  extension: Extension,
  allowed: () => void,
  denied: () => void = () => {},
): Promise<void> | undefined {
  if (!channel.isPrivate) {
    allowed();
    return undefined;
  }
  const known = channel.writable.get(extension);
  if (known !== undefined) {
    if (known) allowed();
    else denied();
    return undefined;
  }
  return ask();

  async function ask(): Promise<void> {
    const { context, token, session } = channel;
    let may = false;
    try {
      may = await context.access.writable(
        channel.name,
        { token, headers: session.headers, reqId: session.reqId },
        extension,
      );
      channel.writable.set(extension, may);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      channel.fail(error.text);
    }
    if (!channel.isOpen) return;
    if (may) allowed();
    else denied();
  }
}
