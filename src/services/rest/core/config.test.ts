import { describe, expect, test } from 'vitest';
import { planner } from '../testing/planning.ts';

const config = (env: Record<string, string>, stored: Record<string, string> = {}) =>
  planner(env, new Map(Object.entries(stored))).config;

describe('configuration', () => {
  test('defaults', () => {
    expect(config({})).toMatchObject({
      schemas: ['public', 'storage', 'graphql_public'],
      anonRole: 'anon',
      maxRows: 1_000,
      aggregates: false,
      transactionEnd: { commits: true, allowsOverride: false },
      preRequest: undefined,
      safeUpdate: true,
      appSettings: [],
    });
  });

  test('what the database says is stronger', () => {
    const stored = {
      db_schemas: 'a, b',
      db_max_rows: '5',
      db_aggregates_enabled: 'true',
      db_pre_request: 'auth.check',
      db_tx_end: 'rollback-allow-override',
      jwt_role_claim_key: '.x.y',
      app_settings_jwt_exp: '60',
    };
    expect(config({ PGRST_DB_SCHEMAS: 'x', PGRST_DB_MAX_ROWS: '9' }, stored)).toMatchObject({
      schemas: ['a', 'b'],
      maxRows: 5,
      aggregates: true,
      preRequest: { schema: 'auth', name: 'check' },
      transactionEnd: { commits: false, allowsOverride: true },
      rolePath: [
        { kind: 'key', key: 'x' },
        { kind: 'key', key: 'y' },
      ],
      appSettings: [['app.settings.jwt_exp', '60']],
    });
  });

  test('an empty value is none, and 0 rows are no bound', () => {
    expect(config({ PGRST_DB_MAX_ROWS: '0' }, { db_anon_role: '' })).toMatchObject({
      maxRows: undefined,
      anonRole: 'anon',
    });
  });

  test.each([
    [{ db_max_rows: 'many' }, 'pgrst.db_max_rows must be a whole number'],
    [{ db_plan_enabled: 'maybe' }, 'pgrst.db_plan_enabled must be true or false'],
    [{ openapi_mode: 'x' }, 'pgrst.openapi_mode must be'],
    [{ jwt_role_claim_key: 'role' }, 'is not understood'],
    [{ openapi_server_proxy_uri: 'x y' }, 'must be a URL'],
  ])('%j is refused', (stored, message) => {
    expect(() => config({}, stored as unknown as Record<string, string>)).toThrow(message);
  });
});
