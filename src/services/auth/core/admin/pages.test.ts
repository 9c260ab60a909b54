import { describe, expect, it } from 'vitest';
import { pageHeaders, readPage, readSort } from './pages.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe('pages of admin lists', () => {
  it('have 50 rows unless asked otherwise, and no more than allowed', () => {
    expect(readPage(query(''), 1_000)).toEqual({ number: 1, size: 50 });
    expect(readPage(query('page=3&per_page=7'), 1_000)).toEqual({ number: 3, size: 7 });
    expect(readPage(query('page=0&per_page=5000'), 1_000)).toEqual({ number: 1, size: 1_000 });
  });

  it.each(['page=-1', 'page=x', 'per_page=1.5', 'page=99999999999999', 'page=+1'])('refuse %s', (text) => {
    expect(() => readPage(query(text), 1_000)).toThrow('Bad Pagination Parameters');
  });

  it('are sorted by creation only', () => {
    expect(readSort(query(''))).toEqual({ descending: true });
    expect(readSort(query('sort=created_at asc'))).toEqual({ descending: false });
    expect(readSort(query('sort=created_at desc'))).toEqual({ descending: true });
    expect(() => readSort(query('sort=email asc'))).toThrow('Bad Sort Parameters');
  });

  it('say how the list goes on', () => {
    const headers = pageHeaders('/admin/users', query('per_page=2&page=1'), { number: 1, size: 2 }, 5);
    expect(headers).toEqual({
      link: '</admin/users?page=2&per_page=2>; rel="next", </admin/users?page=3&per_page=2>; rel="last"',
      'x-total-count': '5',
    });
    expect(pageHeaders('/x', query(''), { number: 3, size: 2 }, 5).link).toBe('</x?page=3>; rel="last"');
    expect(pageHeaders('/x', query(''), { number: 1, size: 50 }, 0).link).toBe('</x?page=1>; rel="last"');
  });
});
