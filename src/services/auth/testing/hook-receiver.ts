import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A call that a hook's receiver got. */
export interface HookCall {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into bodies of all shapes
  readonly body: any;
  /** Secrets whose signature is right, of those the receiver knows. */
  readonly verifiedBy: readonly string[];
}

/** What the receiver answers; undefined leaves the request without an answer. */
export type HookAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | undefined;

/** A server that receives hooks and checks their signatures with an independent implementation. */
export interface HookReceiver {
  readonly url: string;
  readonly calls: HookCall[];
  answer: (call: HookCall) => HookAnswer;
  stop(): Promise<void>;
}

/** @param secrets `whsec_…` that signatures are checked against */
export async function startHookReceiver(secrets: readonly string[] = []): Promise<HookReceiver> {
  const calls: HookCall[] = [];
  const server: Server = createServer(async (request, response) => {
    let raw = '';
    for await (const chunk of request) raw += chunk;
    const call = {
      headers: request.headers,
      raw,
      body: JSON.parse(raw || 'null'),
      verifiedBy: secrets.filter((secret) => isVerified(secret, raw, request.headers)),
    };
    calls.push(call);
    const answer = receiver.answer(call);
    if (!answer) return;
    const { status = 200, headers = { 'content-type': 'application/json' }, body = {} } = answer;
    response.writeHead(status, headers);
    response.end(status === 204 ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: HookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    answer: () => ({}),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

function isVerified(secret: string, raw: string, headers: IncomingHttpHeaders): boolean {
  try {
    new Webhook(secret).verify(raw, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
