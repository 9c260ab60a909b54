import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestStacks, type RunningStack } from './testing/stack-under-test.ts';

const { run, closers, closeAll } = createTestStacks();
afterEach(closeAll);

const settingsOf = (running: RunningStack, apikey: string) =>
  fetch(`${running.url}/auth/v1/settings`, { headers: { apikey } });

describe('two stacks in one process', () => {
  it('share nothing: keys, settings and data are each its own, and one outlives the other', async () => {
    const first = await run({ DISABLE_SIGNUP: 'true' });
    const second = await run({ DISABLE_SIGNUP: 'false' });
    expect(first.anonKey).not.toBe(second.anonKey);
    expect((await settingsOf(first, second.anonKey)).status).toBe(401);
    expect(await (await settingsOf(first, first.anonKey)).json()).toMatchObject({ disable_signup: true });
    expect(await (await settingsOf(second, second.anonKey)).json()).toMatchObject({ disable_signup: false });

    const create = (running: RunningStack, email: string) =>
      fetch(`${running.url}/auth/v1/admin/users`, {
        method: 'POST',
        headers: { apikey: running.serviceKey, authorization: `Bearer ${running.serviceKey}` },
        body: JSON.stringify({ email, password: 'a-long-password', email_confirm: true }),
      });
    expect((await create(second, 'one@example.com')).status).toBe(200);
    const users = await fetch(`${first.url}/auth/v1/admin/users`, {
      headers: { apikey: first.serviceKey, authorization: `Bearer ${first.serviceKey}` },
    });
    expect(await users.json()).toMatchObject({ users: [] });

    await first.stack.stop();
    await expect(fetch(`${first.url}/health`)).rejects.toThrow();
    expect((await fetch(`${second.url}/health`)).status).toBe(200);
    const report = await second.stack.health();
    expect(Object.values(report).every(({ status }) => status === 'healthy')).toBe(true);
  });
});

describe('a room that takes the place of another while requests go on', () => {
  it('loses none of them in twenty replacements, and one that cannot start changes nothing', async () => {
    const running = await run({ ENABLE_EMAIL_AUTOCONFIRM: 'true', SERVICES: 'db,auth,gateway' });
    const { settings, stack, url, anonKey } = running;
    const headers = { apikey: anonKey, 'content-type': 'application/json' };
    const auth = (method: string, path: string, body?: object) =>
      fetch(`${url}/auth/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const failures: string[] = [];
    let going = true;
    closers.push(async () => {
      going = false;
      await Promise.allSettled(clients);
    });
    let rounds = 0;
    const clients = Array.from({ length: 2 }, async (_, index) => {
      const answer = await auth('POST', '/signup', { email: `u${index}@example.com`, password: 'a-long-password' });
      let session = (await answer.json()) as { refresh_token: string };
      while (going) {
        for (const [method, path, body] of [
          ['POST', '/token?grant_type=refresh_token', { refresh_token: session.refresh_token }],
          ['GET', '/settings', undefined],
          ['POST', '/recover', { email: 'nobody@example.com' }],
        ] as const) {
          const { status, ok } = path === '/settings' ? await auth(method, path) : await step(method, path, body);
          if (!ok && status !== 429) failures.push(`${method} ${path} ${status}`);
        }
        rounds++;
      }
      async function step(method: string, path: string, body: object | undefined): Promise<Response> {
        const response = await auth(method, path, body);
        if (path.startsWith('/token') && response.ok) session = (await response.json()) as typeof session;
        return response;
      }
    });
    for (let count = 1; count <= 20; count++) {
      const before = rounds;
      const changed = { ...settings, auth: { ...settings.auth, disableSignup: count % 2 === 1 } };
      await stack.replaceRoom('auth', changed);
      expect(await (await settingsOf(running, anonKey)).json()).toMatchObject({ disable_signup: count % 2 === 1 });
      while (rounds < before + 2) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const broken = { ...settings, auth: { ...settings.auth, captchaEnabled: true } };
    await expect(stack.replaceRoom('auth', broken)).rejects.toThrow('GOTRUE_SECURITY_CAPTCHA_SECRET');
    expect(await (await settingsOf(running, anonKey)).json()).toMatchObject({ disable_signup: false });
    going = false;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    await expect(stack.replaceRoom('db', settings)).rejects.toThrow('room db cannot be replaced');
  }, 120_000);
});

/** A span as a collector gets it. */
interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** A collector on this machine (OTLP over HTTP, JSON). */
async function startCollector(): Promise<{ url: string; spans: SentSpan[]; requests: string[] }> {
  const spans: SentSpan[] = [];
  const requests: string[] = [];
  const server = createHttpServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
    requests.push(
      `${request.url} ${request.headers['x-team']} ${JSON.stringify(resourceSpans[0].resource.attributes)}`,
    );
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, requests };
}

describe('a trace', () => {
  it("is one from the caller by way of the gateway and the room to the database, and tells nobody's data", async () => {
    const collector = await startCollector();
    const { url, serviceKey } = await run({
      SERVICES: 'db,auth,rest,gateway',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue%20team',
      OTEL_SERVICE_NAME: 'my-stack',
    });
    const [traceId, caller] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const headers = { apikey: serviceKey, authorization: `Bearer ${serviceKey}` };
    const ask = (path: string, more: Record<string, string> = {}) =>
      fetch(`${url}${path}`, { headers: { ...headers, ...more } });
    const traceparent = `00-${traceId}-${caller}-01`;
    const id = '11111111-2222-4333-8444-555555555555';
    expect((await ask(`/auth/v1/admin/users/${id}?token=never-to-be-seen`, { traceparent })).status).toBe(404);
    await ask('/rest/v1/nothing?select=id');
    const named = (name: string) => collector.spans.filter((span) => span.name === name);
    while (named('rest').length === 0 || named('GET /auth/v1/').length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));

    const trace = collector.spans.filter((span) => span.traceId === traceId);
    const [server] = trace.filter(({ name }) => name === 'GET /auth/v1/');
    const [room] = trace.filter(({ name }) => name === 'auth');
    const statements = trace.filter(({ name }) => name === 'SELECT');
    expect([server?.parentSpanId, room?.parentSpanId]).toEqual([caller, server?.spanId]);
    expect(statements.length).toBeGreaterThan(0);
    for (const { parentSpanId } of statements) expect(parentSpanId).toBe(room?.spanId);
    const attributes = (span: SentSpan | undefined) =>
      Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));
    expect(attributes(server)).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 404 });
    expect(attributes(room)).toMatchObject({ 'http.route': '/admin/users/:user_id' });
    expect(attributes(statements[0])['db.query.text']).toContain('$1');
    // Another request is another trace.
    expect(named('rest').every((span) => span.traceId !== traceId)).toBe(true);
    expect(JSON.stringify(statements)).not.toContain(id);
    expect(JSON.stringify(collector.spans)).not.toContain('never-to-be-seen');
    expect(collector.requests[0]).toContain('/v1/traces blue team');
    expect(collector.requests[0]).toContain('my-stack');
  }, 120_000);
});
