import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorLink, readCursorPage, writeCursor } from './cursors.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);
const id = '11111111-1111-4111-8111-111111111111';

describe('pages by cursor', () => {
  it('have fifty rows, a thousand at most', () => {
    expect(readCursorPage(query(''))).toEqual({ limit: 50, after: undefined });
    expect(readCursorPage(query('limit=3&cursor='))).toEqual({ limit: 3, after: undefined });
    expect(readCursorPage(query('limit=5000')).limit).toBe(1_000);
  });

  it.each([
    ['limit=0', 'limit must be greater than 0'],
    ['limit=-1', 'parsing "-1": invalid syntax'],
    ['limit=x', 'parsing "x": invalid syntax'],
    ['cursor=x', 'invalid cursor'],
    [`cursor=${Buffer.from('null').toString('base64url')}`, 'invalid cursor'],
    [`cursor=${Buffer.from('{"created_at":"now()","id":1}').toString('base64url')}`, 'invalid cursor'],
    [`cursor=${writeCursor({ createdAt: "2026-01-01T00:00:00Z'", id })}`, 'invalid cursor'],
    [`cursor=${writeCursor({ createdAt: '2026-01-01T00:00:00Z', id: `${id}'` })}`, 'invalid cursor'],
  ])('refuse %s', (text, message) => {
    expect(() => readCursorPage(query(text))).toThrow(
      `Bad Pagination Parameters: ${message.startsWith('parsing') ? 'strconv.ParseUint: ' : ''}${message}`,
    );
  });

  it('begin where the one before ended', () => {
    for (const createdAt of ['2026-11-26T04:37:51.123456+00:00', '2026-11-26T04:37:51+00:00', '-infinity']) {
      const next = writeCursor({ createdAt, id });
      expect(readCursorPage(query(`cursor=${next}`)).after).toEqual({ createdAt, id });
      expect(cursorLink('/admin/users', query('limit=2&cursor=old'), next)).toBe(
        `</admin/users?cursor=${next}&limit=2>; rel="next"`,
      );
    }
  });

  it('say of whatever is sent either what it means or that it is none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.base64String()), (text) => {
        const sent = query('');
        sent.set('cursor', text);
        const before = Buffer.from(text, 'base64url').toString();
        try {
          const { after } = readCursorPage(sent);
          expect(after === undefined ? text === '' : before.includes(after.id)).toBe(true);
        } catch (error) {
          expect((error as Error).message).toBe('Bad Pagination Parameters: invalid cursor');
        }
      }),
    );
  });
});
