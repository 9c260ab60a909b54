import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSecretBox } from './secret-box.ts';
import { createSecretStore } from './secret-store.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  file = join(folder, 'secrets.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = 'k'.repeat(32);
const open = (secret: string | undefined = key) => createSecretStore(file, secret, { count: 2, size: 10 }, () => 0);

test('a box opens with its key and context, and nothing else does', () => {
  const box = createSecretBox('one');
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), (text, context, at) => {
      const sealed = box.seal(text, context);
      expect(box.open(sealed, context)).toBe(text);
      expect(() => box.open(sealed, `${context}x`)).toThrow();
      expect(() => createSecretBox('two').open(sealed, context)).toThrow();
      const bytes = Buffer.from(sealed, 'base64');
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
      expect(() => box.open(bytes.toString('base64'), context)).toThrow();
    }),
  );
  expect(() => box.open('', '')).toThrow();
});

test('what is set is kept sealed, and shown as a digest', () => {
  open().set([{ name: 'A', value: 'a secret' }]);
  expect(open().values()).toEqual({ A: 'a secret' });
  expect(readFileSync(file, 'utf8')).not.toContain('a secret');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(open().list()).toEqual([
    {
      name: 'A',
      value: createHash('sha256').update('a secret').digest('hex'),
      updated_at: '1970-01-01T00:00:00.000Z',
    },
  ]);
  expect(open().unset(['A', 'B'])).toEqual(['A']);
  expect(open().values()).toEqual({});
});

test('names and sizes have bounds', () => {
  const store = open();
  const code = (name: string, value = 'x') => {
    try {
      store.set([{ name, value }]);
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect([code('SUPABASE_URL'), code('1A'), code('A-B'), code(''), code('A', 'x'.repeat(11))]).toEqual([
    'secret_name',
    'secret_name',
    'secret_name',
    'secret_name',
    'secret_too_large',
  ]);
  expect([code('A'), code('B'), code('C')]).toEqual([undefined, undefined, 'too_many_secrets']);
});

test('another key, no key and a damaged file are told apart from no secrets', () => {
  expect(open().values()).toEqual({});
  open().set([{ name: 'A', value: 'a' }]);
  expect(() => open('z'.repeat(32)).values()).toThrow(/cannot be read/);
  expect(() => createSecretStore(file, undefined, { count: 1, size: 1 }, () => 0).values()).toThrow(/VAULT_ENC_KEY/);
  writeFileSync(file, '{');
  expect(() => open().values()).toThrow(/cannot be read/);
});
