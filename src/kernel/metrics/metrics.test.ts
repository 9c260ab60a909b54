import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounter, createHistogram, gauge, mergeFamilies, renderMetrics, withLabels } from './index.ts';
import { otlpRequest } from './otlp.ts';
import { processFamilies } from './process-families.ts';
import { createMetricsSender } from './sender.ts';

describe("Prometheus' text format", () => {
  it('has each family once, with its series', () => {
    const requests = createCounter({ name: 'requests_total', help: 'Requests', labels: ['route', 'code'] });
    requests.add(1, '/a', '200');
    requests.add(2, '/a', '200');
    requests.add(1, '/a', '404');
    const times = createHistogram({ name: 'seconds', help: 'Time' }, [1, 5]);
    for (const value of [0.5, 1, 3, 9]) times.observe(value);
    expect(renderMetrics([requests.family(), times.family(), gauge('up', 'Whether\nit runs', true)])).toBe(
      [
        '# HELP requests_total Requests',
        '# TYPE requests_total counter',
        'requests_total{route="/a",code="200"} 3',
        'requests_total{route="/a",code="404"} 1',
        '# HELP seconds Time',
        '# TYPE seconds histogram',
        'seconds_bucket{le="1"} 2',
        'seconds_bucket{le="5"} 3',
        'seconds_bucket{le="+Inf"} 4',
        'seconds_sum 13.5',
        'seconds_count 4',
        '# HELP up Whether\\nit runs',
        '# TYPE up gauge',
        'up 1',
        '',
      ].join('\n'),
    );
  });

  it('keeps every text of a label on its line, and readable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const lines = renderMetrics([gauge('x', 'X', [{ labels: { text }, value: 1 }])]).split('\n');
        expect(lines).toHaveLength(4);
        const quoted = /^x\{text="((?:[^"\\\n]|\\["\\n])*)"\} 1$/.exec(lines[2] as string)?.[1];
        expect(quoted?.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c))).toBe(text);
      }),
    );
  });

  it('counts in a histogram as many values at or below each bound as there were', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 105 })), (values) => {
        const bounds = [0, 10, 50, 100];
        const times = createHistogram({ name: 'x', help: 'X' }, bounds);
        for (const value of values) times.observe(value);
        const [found] = times.family().samples;
        expect(found).toMatchObject({
          counts: bounds.map((bound) => values.filter((value) => value <= bound).length),
          count: values.length,
        });
      }),
    );
  });

  it('has numbers that are none as Prometheus writes them', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21];
    const family = gauge(
      'x',
      'X',
      values.map((value, index) => ({ labels: { index: String(index) }, value })),
    );
    expect(renderMetrics([family]).match(/\} .*/g)).toEqual(['} NaN', '} +Inf', '} -Inf', '} 1e+21']);
  });
});

it('joins families of one name, each with its label, and leaves out what does not fit', () => {
  const from = (room: string) =>
    withLabels(gauge('pool', 'Pool', [{ labels: { status: 'idle' }, value: 1 }]), { room });
  const odd = createCounter({ name: 'pool', help: 'Pool' }).family();
  expect(mergeFamilies([from('auth'), odd, from('rest')])).toEqual([
    {
      name: 'pool',
      type: 'gauge',
      help: 'Pool',
      samples: [
        { labels: { room: 'auth', status: 'idle' }, value: 1 },
        { labels: { room: 'rest', status: 'idle' }, value: 1 },
      ],
    },
  ]);
});

it('bounds the series of an instrument', () => {
  const many = createCounter({ name: 'x', help: 'X', labels: ['id'] });
  for (let id = 0; id < 6_000; id++) many.add(1, String(id));
  expect(many.family().samples).toHaveLength(5_000);
});

it('knows what the process costs', () => {
  const names = processFamilies().map(({ name }) => name);
  expect(names).toContain('process_resident_memory_bytes');
  expect(new Set(names).size).toBe(names.length);
});

describe('metrics that are sent', () => {
  const times = createHistogram({ name: 'seconds', help: 'Time' }, [1, 5]);
  for (const value of [0.5, 3, 9]) times.observe(value);
  const hits = createCounter({ name: 'hits', help: 'Hits' });
  hits.add(2);
  const families = [times.family(), hits.family(), gauge('nan', 'None', Number.NaN)];

  it('are what OTLP says', () => {
    expect(otlpRequest(families, { 'service.name': 'x' }, { from: 1, to: 2 })).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'x' } }] },
          scopeMetrics: [
            {
              scope: { name: 'pmoves-supabase' },
              metrics: [
                {
                  name: 'seconds',
                  description: 'Time',
                  histogram: {
                    aggregationTemporality: 2,
                    dataPoints: [
                      {
                        startTimeUnixNano: '1000000',
                        timeUnixNano: '2000000',
                        attributes: [],
                        count: '3',
                        sum: 12.5,
                        explicitBounds: [1, 5],
                        bucketCounts: ['1', '1', '1'],
                      },
                    ],
                  },
                },
                {
                  name: 'hits',
                  description: 'Hits',
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [
                      { startTimeUnixNano: '1000000', timeUnixNano: '2000000', attributes: [], asDouble: 2 },
                    ],
                  },
                },
                { name: 'nan', description: 'None', gauge: { dataPoints: [] } },
              ],
            },
          ],
        },
      ],
    });
  });

  it('go to a collector again and again and at the end, and a failure is told once', async () => {
    const bodies: string[] = [];
    let status = 500;
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(`${request.headers['x-key']} ${body}`);
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const failures: string[] = [];
    const sender = createMetricsSender({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`,
      headers: { 'x-key': 'k' },
      resource: {},
      interval: 5,
      timeout: 60_000,
      collect: async () => families,
      onFailure: ({ message }) => failures.push(message),
    });
    sender.start();
    while (bodies.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    status = 200;
    await sender.stop();
    expect(failures).toEqual(['the collector answered 500']);
    const count = bodies.length;
    expect(bodies.at(-1)).toMatch(/^k \{"resourceMetrics"/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bodies).toHaveLength(count);
    await new Promise((resolve) => server.close(resolve));
  });
});
