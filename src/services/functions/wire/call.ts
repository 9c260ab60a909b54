import { request } from 'node:http';

/** A request of the program's own to a worker. */
export interface WorkerCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Characters of an answer that are kept. */
const longestAnswer = 2_000;

/** Sends a POST to a worker. @returns the status and the beginning of the answer @throws Error when none came, or not all of it */
export function callWorker(
  socketPath: string,
  { path, headers, body }: WorkerCall,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const sent = request({
      socketPath,
      path,
      method: 'POST',
      agent: false,
      signal,
      headers: { host: 'localhost', ...headers, 'content-type': 'application/json', 'content-length': length },
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        if (text.length < longestAnswer) text = (text + part).slice(0, longestAnswer);
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.once('error', reject);
    });
    sent.end(body);
  });
}
