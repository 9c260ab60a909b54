import { expect, test } from 'vitest';
import { parseReadHost } from './read-host.ts';

test.each([
  ['replica', { host: 'replica', port: 5432 }],
  ['replica:5433', { host: 'replica', port: 5433 }],
  ['[::1]:6000', { host: '::1', port: 6000 }],
  ['/run/replica:5433', { host: '/run/replica', port: 5433 }],
  ['a:b', undefined],
  ['a:99999', undefined],
  ['a:0', undefined],
  ['', undefined],
  ['::1', undefined],
])('%s', (text, found) => expect(parseReadHost(text, 5432)).toEqual(found));
