import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a provider of text messages got. */
export interface SmsRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

/** A server in the place of a provider of text messages. */
export interface SmsProviderDouble {
  readonly url: string;
  readonly requests: SmsRequest[];
  answer: (request: SmsRequest) => { readonly status?: number; readonly body: unknown };
  stop(): Promise<void>;
}

/** Starts the server; it takes every message unless told otherwise. */
export async function startSmsProvider(): Promise<SmsProviderDouble> {
  const requests: SmsRequest[] = [];
  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    const request = {
      path: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      form: Object.fromEntries(new URLSearchParams(body)),
    };
    requests.push(request);
    const answer = double.answer(request);
    response.writeHead(answer.status ?? 201, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const double: SmsProviderDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: () => ({ body: { sid: `SM${requests.length}`, status: 'queued' } }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return double;
}
