import { expect, it } from 'vitest';
import type { LogFilter } from '../../sql/logs.ts';
import { countOf, type FacetRow } from './facet-counts.ts';

const rows: readonly FacetRow[] = [
  { source: 'cloudflare.logs.prod', severity: 'info', status: '2', count: 10 },
  { source: 'cloudflare.logs.prod', severity: 'error', status: '5', count: 3 },
  { source: 'postgres.logs', severity: 'error', status: null, count: 2 },
];
const all: LogFilter = {
  service: undefined,
  severity: undefined,
  status: undefined,
  path: '',
  search: '',
  request: '',
  dashboard: false,
};

it('options are counted with what is chosen elsewhere, not in their own facet', () => {
  const gateway = ({ source }: FacetRow) => source === 'cloudflare.logs.prod';
  const errors = ({ severity }: FacetRow) => severity === 'error';
  expect(countOf(rows, all, 'service', gateway)).toBe(13);
  expect(countOf(rows, { ...all, severity: 'error' }, 'service', gateway)).toBe(3);
  expect(countOf(rows, { ...all, service: 'database' }, 'service', gateway)).toBe(13);
  expect(countOf(rows, { ...all, service: 'database' }, 'severity', errors)).toBe(2);
  expect(countOf(rows, { ...all, status: '5xx' }, 'severity', errors)).toBe(3);
});
