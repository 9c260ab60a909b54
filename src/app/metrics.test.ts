import { describe, expect, it } from 'vitest';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { counter, renderMetrics } from '#kernel/metrics';
import { loadSettings } from './load-settings.ts';
import { collectMetrics, openMetricsSender } from './metrics.ts';

const room = (metrics?: NonNullable<Room['metrics']>): Room => ({
  mounts: [],
  api: undefined,
  start: async () => {},
  stop: async () => {},
  health: () => ({ status: 'healthy' }),
  ...(metrics && { metrics }),
});

describe('what all rooms count', () => {
  const requests = (value: number) => [counter('requests_total', 'Requests', value)];
  const entry = (name: string, of: Room) => ({ name, room: of, needs: [], optional: false });

  it('is one text, each series with its room; a room that fails is left out', async () => {
    const rooms = [
      entry(
        'auth',
        room(() => requests(1)),
      ),
      entry(
        'rest',
        room(async () => requests(2)),
      ),
      entry('studio', room()),
      entry(
        'db',
        room(() => Promise.reject(new Error('no such server'))),
      ),
    ];
    const families = await collectMetrics(rooms, async () => ({
      auth: { status: 'healthy', required: true },
      db: { status: 'unhealthy', required: true },
    }));
    const lines = renderMetrics(families).split('\n');
    expect(lines.filter((line) => line.startsWith('requests_total{'))).toEqual([
      'requests_total{room="auth"} 1',
      'requests_total{room="rest"} 2',
    ]);
    expect(lines.filter((line) => line.includes('TYPE requests_total'))).toHaveLength(1);
    expect(lines).toContain('stack_room_healthy{room="auth"} 1');
    expect(lines).toContain('stack_room_healthy{room="db"} 0');
    expect(lines.some((line) => line.startsWith('process_cpu_seconds_total '))).toBe(true);
  });

  it('fails for none of them when health itself does', async () => {
    const families = await collectMetrics(
      [
        entry(
          'auth',
          room(() => requests(1)),
        ),
      ],
      () => Promise.reject(new Error('x')),
    );
    expect(renderMetrics(families)).toContain('requests_total{room="auth"} 1');
  });
});

describe('sending them to a collector', () => {
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });
  const sends = (env: Record<string, string>) => {
    const settings = loadSettings({ env, cwd: '/nowhere', envFiles: [] });
    expect(settings.problems).toEqual([]);
    return openMetricsSender(settings, async () => [], log) !== undefined;
  };

  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4318/v1/metrics' }, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4318/v1/metrics', STACK_METRICS_SEND: 'false' }, false],
    [{ OTEL_METRICS_ENABLED: 'true', OTEL_METRICS_EXPORT_INTERVAL_MS: '1000' }, true],
    [{ GOTRUE_METRICS_ENABLED: 'true' }, true],
    [{ GOTRUE_METRICS_ENABLED: 'true', GOTRUE_METRICS_EXPORTER: 'prometheus' }, false],
  ])('with %j: %s', (env, expected) => {
    expect(sends(env as Record<string, string>)).toBe(expected);
  });
});
