import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

describe('metrics', () => {
  const password = 'correct horse';
  let auth: AuthUnderTest;
  let url: string;
  beforeAll(async () => {
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      GOTRUE_METRICS_ENABLED: 'true',
      GOTRUE_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    });
    const line = auth.logLines().find((text) => text.includes('metrics are served')) ?? '{}';
    url = JSON.parse(line).url;
  });
  afterAll(() => auth?.stop());
  const read = async (path = '/', method = 'GET') => {
    const response = await fetch(url + path, { method });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const valueIn = (text: string, series: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    );

  it('tell at a port of their own what was asked and answered, by pattern of the path', async () => {
    await auth.post('/signup', { email: 'ann@example.com', password });
    await auth.post('/token?grant_type=password', { email: 'ann@example.com', password: 'wrong' });
    for (const id of [1, 2]) await auth.request('GET', `/admin/users/${id}`, { token: auth.serviceKey });
    await auth.request('GET', '/nothing/here');
    // A request is counted once its answer has gone, which who reads it may not notice.
    const none = 'http_status_codes_total{code="404",http_route="none"}';
    await vi.waitFor(async () => expect(valueIn((await read()).text, none)).toBe(1), 10_000);
    const { status, type, text } = await read();
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(valueIn(text, 'gotrue_running')).toBe(1);
    expect(valueIn(text, 'http_status_codes_total{code="200",http_route="/signup"}')).toBe(1);
    expect(valueIn(text, 'http_status_codes_total{code="400",http_route="/token"}')).toBe(1);
    expect(valueIn(text, 'http_status_codes_total{code="404",http_route="/admin/users/:user_id"}')).toBe(2);
    expect(valueIn(text, 'http_server_duration_count{http_route="/admin/users/:user_id"}')).toBe(2);
    expect(valueIn(text, 'http_server_duration_bucket{http_route="/admin/users/:user_id",le="+Inf"}')).toBe(2);
    expect(valueIn(text, 'gotrue_generate_from_password_completed_total')).toBe(1);
    expect(valueIn(text, 'gotrue_compare_hash_and_password_submitted_total')).toBe(1);
    expect(valueIn(text, 'db_sql_connection_max_open')).toBe(10);
    expect(valueIn(text, 'db_sql_connection_open{status="idle"}')).toBeGreaterThanOrEqual(1);
    expect(text).not.toContain('example.com');
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?\d+(\.\d+)?(e[+-]\d+)?)$/);
  });

  it('are read, whatever the path, and nothing else', async () => {
    expect((await read('/metrics')).status).toBe(200);
    expect(await read('/', 'HEAD')).toMatchObject({ status: 200, text: '' });
    expect((await read('/', 'POST')).status).toBe(405);
  });

  it('end with the room, and name the setting when their port is taken', async () => {
    const env = { GOTRUE_METRICS_ENABLED: 'true', GOTRUE_METRICS_EXPORTER: 'prometheus' };
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    await expect(startAuth({ ...env, OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })).rejects.toMatchObject({
      name: 'StartupError',
      setting: 'OTEL_EXPORTER_PROMETHEUS_PORT',
    });
    await new Promise((resolve) => holder.close(resolve));
    await auth.room.stop();
    await expect(read()).rejects.toThrow();
  });

  it('are sent by the program unless asked for here, of which the room knows nothing', async () => {
    const other = await startAuth({ GOTRUE_METRICS_ENABLED: 'true' });
    const log = other.logLines().join('\n');
    expect(log).not.toContain('GOTRUE_METRICS_EXPORTER');
    expect(log).not.toContain('metrics are served');
    await other.stop();
  });
});
