import { describe, expect, test } from 'vitest';
import { corsHeaders, isPreflight } from './cors.ts';

const origin = { origin: 'https://app.example' };

describe('CORS', () => {
  test('without Origin there is none', () => {
    expect(corsHeaders({}, [], true, false)).toEqual({});
  });

  test('any origin may read, and sees the headers it needs', () => {
    expect(corsHeaders(origin, [], true, false)).toEqual({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Expose-Headers': expect.stringContaining('Content-Range'),
    });
  });

  test('listed origins are named with credentials, others are left to their browser', () => {
    expect(corsHeaders(origin, ['https://app.example'], true, false)).toMatchObject({
      'Access-Control-Allow-Origin': 'https://app.example',
      'Access-Control-Allow-Credentials': 'true',
    });
    expect(corsHeaders(origin, ['https://other.example'], true, false)).toEqual({});
  });

  test('behind a gateway only the readable headers are told', () => {
    expect(Object.keys(corsHeaders(origin, [], false, false))).toEqual(['Access-Control-Expose-Headers']);
  });

  test('a preflight is told what it may send', () => {
    const headers = {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'X-A, x-b',
    };
    expect(isPreflight('OPTIONS', headers)).toBe(true);
    expect(isPreflight('OPTIONS', origin)).toBe(false);
    expect(isPreflight('POST', headers)).toBe(false);
    expect(corsHeaders(headers, [], true, true)).toEqual({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD',
      'Access-Control-Allow-Headers': 'Authorization, X-A, x-b, Accept, Accept-Language, Content-Language',
      'Access-Control-Max-Age': '86400',
    });
  });
});
