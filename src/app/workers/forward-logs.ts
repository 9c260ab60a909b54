import type { LogBus, LogNews } from '#kernel/log';
import type { PrimaryLink } from './link.ts';

/** News that may wait in a worker; those beyond it are lost. */
const limit = 8_192;
/** Milliseconds for which they are collected. */
const interval = 200;

/** Sends what a worker's bus carries to the primary, a few times a second and never more than one message at once. */
export function forwardLogs(logs: LogBus, link: Pick<PrimaryLink, 'told'>): { flush(): void } {
  let waiting: LogNews[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isSending = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    isSending = true;
    link.told(waiting, () => {
      isSending = false;
      schedule();
    });
    waiting = [];
  }

  function schedule(): void {
    if (!isSending && waiting.length > 0) timer ??= setTimeout(flush, interval).unref();
  }

  logs.listen((news) => {
    if (waiting.length < limit) waiting.push(news);
    schedule();
  });
  return { flush };
}
