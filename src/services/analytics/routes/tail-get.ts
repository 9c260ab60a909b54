import type { LogRecord } from '#kernel/log';
import { analyticsError } from '../errors.ts';
import { at, eventOf, type Route } from './route.ts';

/** Bytes that may wait for one client; what comes beyond is left out, and it is told how much. */
const buffer = 256 * 1024;
/** Milliseconds between signs of life. */
const heartbeat = 15_000;

/** `GET /api/logs/tail?source_name=&contains=`: events as they are kept, as server-sent events. */
export const tailGet: Route = {
  methods: ['GET'],
  isEndless: true,
  access: 'public',
  matches: at('api', 'logs', 'tail'),
  async handle({ parameters, response, service }) {
    let left = 0;
    const write = (text: string): void => void response.write(text);
    const hear = (record: LogRecord): void => {
      if (response.writableLength > buffer) {
        left++;
        return;
      }
      if (left > 0) write(`event: skipped\ndata: ${JSON.stringify({ events: left })}\n\n`);
      left = 0;
      write(`id: ${record.id}\ndata: ${JSON.stringify(eventOf(record))}\n\n`);
    };
    const end = service.live.follow({
      source: parameters.get('source_name') ?? undefined,
      contains: parameters.get('contains') || undefined,
      hear,
    });
    if (!end) throw analyticsError('too_many_requests', { headers: { 'retry-after': '10' } });
    const beat = setInterval(() => write(': here\n\n'), heartbeat);
    response.once('close', () => {
      clearInterval(beat);
      end();
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    write(': following\n\n');
    return undefined;
  },
};
