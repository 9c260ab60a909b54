import { describe, expect, it } from 'vitest';
import { type LogFilter, logFacets, logHistogram, logLine, logLines } from './logs.ts';

const all: LogFilter = {
  service: undefined,
  severity: undefined,
  status: undefined,
  path: '',
  search: '',
  request: '',
  dashboard: true,
};
const span = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2) };
const flat = (sql: string) => sql.replace(/\s+/g, ' ');

describe('lines', () => {
  it('of everything come by time, from where the last page ended', () => {
    expect(flat(logLines(all, span, undefined, 100))).toBe(
      "select id, timestamp, source, event_message, metadata from all_logs where timestamp >= '2026-01-01T00:00:00.000000Z'::timestamptz and timestamp < '2026-01-02T00:00:00.000000Z'::timestamptz order by timestamp desc, id desc limit 100",
    );
    const before = { id: '01a2179d-688f-7000-a983-cbf456630771', timestamp: 1_795_692_521_615_007 };
    expect(logLines(all, span, before, 100)).toContain(
      "(timestamp, id) < ('2026-11-26T11:28:41.615007Z'::timestamptz, '01a2179d-688f-7000-a983-cbf456630771'::uuid)",
    );
  });

  it('of the dashboard itself are left out unless wanted', () => {
    expect(logLines({ ...all, dashboard: false }, span, undefined, 1)).toContain(
      "!~ '^/(api/(rooms|studio)/|assets/)'",
    );
  });

  it('of one service come from its view, with the name of its stream', () => {
    const sql = logLines({ ...all, service: 'auth' }, span, undefined, 1);
    expect(sql).toContain("'gotrue.logs.prod' as source, event_message, metadata from auth_logs");
  });

  it('are narrowed by quoted values alone', () => {
    const evil = "'; drop table x; --\\";
    const quoted = "E'''; drop table x; --\\\\'";
    const sql = logLines({ ...all, path: evil, search: evil, request: evil }, span, undefined, 1);
    expect(sql.split(quoted)).toHaveLength(5);
    expect(sql.replaceAll(quoted, '')).not.toContain('drop');
    expect(logLine(evil)).toContain(quoted);
  });
});

it('counts leave the facets out that are counted, the histogram does not', () => {
  const filter: LogFilter = { ...all, service: 'gateway', severity: 'error', status: '5xx', search: 'x' };
  expect(logFacets(filter, span)).not.toContain("like '5__'");
  expect(logFacets(filter, span)).toContain("strpos(lower(event_message), lower('x')) > 0");
  expect(logFacets(filter, span)).toContain('from all_logs');
  const histogram = logHistogram(filter, span, 60);
  expect(histogram).toContain("like '5__'");
  expect(histogram).toContain("end = 'error'");
  expect(histogram).toContain('extract(epoch from timestamp) / 60)');
  expect(histogram).toContain('from edge_logs');
});
