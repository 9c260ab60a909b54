import { describe, expect, it } from 'vitest';
import { authError, authErrors, invalid, OAuthError, renderError } from './errors.ts';

const databaseError = (code: string): Error =>
  Object.assign(new Error('from the server'), { code, severity: 'ERROR', hint: 'a hint' });

describe('errors on the wire', () => {
  it('have the old shape without a version, and for versions that are none', () => {
    for (const version of [undefined, '', '2023-12-31', 'latest', '2024-1-1'])
      expect(renderError(authError('invalid_credentials'), version, 'id')).toEqual({
        status: 400,
        headers: { 'x-sb-error-code': 'invalid_credentials' },
        body: { code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' },
      });
  });

  it('have the new shape from 2024-01-01 on', () => {
    for (const version of ['2024-01-01', '2030-06-01'])
      expect(renderError(invalid('no', 422), version, 'id')).toEqual({
        status: 422,
        headers: { 'x-sb-error-code': 'validation_failed', 'x-supabase-api-version': '2024-01-01' },
        body: { code: 'validation_failed', message: 'no' },
      });
  });

  it('tell why a password is weak, the header in the old shape only', () => {
    const weak = authError('weak_password', { message: 'too short', details: { reasons: ['length'] } });
    expect(renderError(weak, '2024-01-01', 'id')).toMatchObject({
      headers: { 'x-supabase-api-version': '2024-01-01' },
      body: { code: 'weak_password', weak_password: { reasons: ['length'] } },
    });
    expect(renderError(weak, '2024-01-01', 'id').headers).not.toHaveProperty('x-sb-error-code');
    expect(renderError(weak, undefined, 'id')).toMatchObject({
      headers: { 'x-sb-error-code': 'weak_password' },
      body: { error_code: 'weak_password', weak_password: { reasons: ['length'] } },
    });
  });

  it('say nothing of what went wrong inside', () => {
    const rendered = renderError(new Error('password=hunter2'), undefined, 'request-1');
    expect(rendered).toMatchObject({ status: 500, body: { error_code: 'unexpected_failure', error_id: 'request-1' } });
    expect(JSON.stringify(rendered)).not.toContain('hunter2');
  });

  it('show what a trigger raises to clients of the old shape', () => {
    const failure = (code: string) => authError('unexpected_failure', { cause: databaseError(code) });
    expect(renderError(failure('P0001'), undefined, 'id')).toMatchObject({
      status: 500,
      body: { code: 'P0001', message: 'from the server', hint: 'a hint', detail: '' },
    });
    expect(renderError(failure('PT418'), undefined, 'id').status).toBe(418);
    expect(renderError(failure('23505'), undefined, 'id')).toMatchObject({ status: 500, body: { code: '23505' } });
    expect(renderError(failure('P0001'), '2024-01-01', 'id').body).toMatchObject({ code: 'unexpected_failure' });
    expect(renderError(failure('42P01'), undefined, 'id').body).toMatchObject({ error_code: 'unexpected_failure' });
  });

  it('are retryable when the database is away, and the client is to blame for data no column holds', () => {
    expect(renderError(databaseError('57P03'), '2024-01-01', 'id')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
    });
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(renderError(refused, '2024-01-01', 'id').status).toBe(503);
    expect(renderError(databaseError('22001'), '2024-01-01', 'id').status).toBe(400);
    const taken = Object.assign(databaseError('23505'), { constraint: 'users_phone_key' });
    expect(renderError(taken, undefined, 'id')).toMatchObject({ status: 422, body: { error_code: 'phone_exists' } });
  });

  it('have a shape of their own for OAuth', () => {
    expect(renderError(new OAuthError('invalid_request', 'refresh_token required'), '2024-01-01', 'id')).toEqual({
      status: 400,
      headers: {},
      body: { error: 'invalid_request', error_description: 'refresh_token required' },
    });
  });

  it('name no code clients do not know', () => {
    for (const code of ['unknown_route', 'method_not_allowed'] as const)
      expect(renderError(authError(code), undefined, 'id').body.error_code).toBe('unknown');
    for (const [code, { status }] of Object.entries(authErrors)) {
      expect(code).toMatch(/^[a-z0-9_]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});
