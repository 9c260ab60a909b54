import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';
import { resolveSettings, type Sources, unknownOwnKeys } from './resolve.ts';
import { boolean, integer, list, prefixed, string } from './setting.ts';

const schema = {
  site: string({
    name: 'SITE_URL',
    original: ['GOTRUE_SITE_URL'],
    alone: ['URL'],
    aliases: ['INTEGRATOR_SITE'],
    default: 'the default',
    help: 'x',
  }),
};

const file = (text: string, path = '.env') => parseEnvFile(path, text, () => undefined);
const sources = (env: Record<string, string>, files: string | readonly string[] = '', alone = false): Sources => ({
  env,
  files: (typeof files === 'string' ? [files] : files).map((text, index) =>
    file(text, index === 0 ? '.env' : `${index}.env`),
  ),
  alone,
});

// Strongest first; each row stands against all rows below it.
const places: readonly (readonly [place: string, kind: 'env' | 'file', name: string])[] = [
  ['original name in the environment', 'env', 'GOTRUE_SITE_URL'],
  ['original name in the file', 'file', 'GOTRUE_SITE_URL'],
  ['standard name in the environment', 'env', 'SITE_URL'],
  ['standard name in the file', 'file', 'SITE_URL'],
  ['alias in the environment', 'env', 'INTEGRATOR_SITE'],
  ['alias in the file', 'file', 'INTEGRATOR_SITE'],
];

describe('overrides', () => {
  const overrides = [file('SITE_URL=one', 'a.env'), file('SITE_URL=two\nGOTRUE_SITE_URL=', 'b.env')];

  test('win over every other name in every other place, the later file over the earlier', () => {
    const all = sources({ GOTRUE_SITE_URL: 'env', SITE_URL: 'env' }, 'GOTRUE_SITE_URL=file');
    const { values, effective } = resolveSettings(schema, { ...all, overrides });
    expect([values.site, effective[0]?.origin]).toEqual(['two', 'b.env:1 SITE_URL']);
  });

  test('that say nothing of a setting leave it as it is', () => {
    const silent = { ...sources({ SITE_URL: 'env' }), overrides: [file('OTHER=1', 'a.env')] };
    expect(resolveSettings(schema, silent).values.site).toBe('env');
  });

  test('add to a family, and their mistakes are named', () => {
    const family = { all: prefixed({ prefix: 'FAMILY_', help: 'x' }) };
    const given = { ...sources({ FAMILY_A: 'env', FAMILY_B: 'env' }), overrides: [file('FAMILY_A=file', 'a.env')] };
    expect(Object.fromEntries(resolveSettings(family, given).values.all)).toEqual({ A: 'file', B: 'env' });
    const mistaken = { ...sources({}), overrides: [file('STACK_TYPO=1', 'a.env')] };
    expect(unknownOwnKeys([schema], mistaken)).toMatchObject([{ line: 'a.env:1 STACK_TYPO' }]);
  });
});

describe('precedence', () => {
  test.each(places.map(([place], index) => [place, index] as const))('%s wins over all that follow', (place, index) => {
    const env: Record<string, string> = {};
    let text = '';
    for (const [label, kind, name] of places.slice(index)) {
      if (kind === 'env') env[name] = label;
      else text += `${name}="${label}"\n`;
    }
    expect(resolveSettings(schema, sources(env, text)).values.site).toBe(place);
  });

  test('without any the default stands, and says so', () => {
    const { values, effective, warnings, problems } = resolveSettings(schema, sources({}));
    expect(values.site).toBe('the default');
    expect(effective).toMatchObject([{ key: 'site', value: 'the default', origin: 'default' }]);
    expect([...warnings, ...problems]).toEqual([]);
  });

  test('an empty value is unset, wherever it stands', () => {
    const env = { GOTRUE_SITE_URL: '', SITE_URL: '' };
    expect(resolveSettings(schema, sources(env, 'GOTRUE_SITE_URL=\nSITE_URL=""\nINTEGRATOR_SITE=x')).values.site).toBe(
      'x',
    );
  });

  test('of several files the later one wins', () => {
    const { values, effective } = resolveSettings(schema, sources({}, ['SITE_URL=first', '\nSITE_URL=second']));
    expect(values.site).toBe('second');
    expect(effective[0]?.origin).toBe('1.env:2 SITE_URL');
  });

  test('an unprefixed original counts only when one room runs alone', () => {
    const env = { URL: 'alone' };
    expect(resolveSettings(schema, sources(env)).values.site).toBe('the default');
    expect(resolveSettings(schema, sources(env, '', true)).values.site).toBe('alone');
    expect(resolveSettings(schema, sources({ ...env, GOTRUE_SITE_URL: 'prefixed' }, '', true)).values.site).toBe(
      'prefixed',
    );
  });
});

test('an alias draws one warning that names the place and the better name', () => {
  const { warnings } = resolveSettings(schema, sources({}, '# head\nINTEGRATOR_SITE=x'));
  expect(warnings).toEqual(['.env:2 INTEGRATOR_SITE is read as SITE_URL; prefer that name']);
  expect(resolveSettings(schema, sources({ SITE_URL: 'x', INTEGRATOR_SITE: 'y' })).warnings).toEqual([]);
});

describe('NAME_FILE', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'resolve-'));
    writeFileSync(join(folder, 'secret'), 'from the file\n');
    writeFileSync(join(folder, 'empty'), '\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('names a file with the value; one line feed at its end is not part of it', () => {
    const { values, effective } = resolveSettings(schema, sources({ SITE_URL_FILE: join(folder, 'secret') }));
    expect(values.site).toBe('from the file');
    expect(effective[0]?.origin).toBe('environment SITE_URL_FILE');
  });

  test('the name itself is stronger, and an empty file is unset', () => {
    const both = { SITE_URL: 'direct', SITE_URL_FILE: join(folder, 'secret') };
    expect(resolveSettings(schema, sources(both)).values.site).toBe('direct');
    expect(resolveSettings(schema, sources({ SITE_URL_FILE: join(folder, 'empty') })).values.site).toBe('the default');
  });

  test('a file that cannot be read is a problem with the line to change', () => {
    const { problems } = resolveSettings(schema, sources({}, `SITE_URL_FILE=${join(folder, 'none')}`));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.line).toBe('.env:1 SITE_URL_FILE');
    expect(problems[0]?.message).toContain('ENOENT');
  });
});

test('all problems are reported together, each with the line to change', () => {
  const many = {
    port: integer({ name: 'PORT_A', min: 1, max: 65_535, default: 1, help: 'x' }),
    size: integer({ name: 'SIZE_B', min: 1, max: 10, default: 1, help: 'x' }),
    flag: boolean({ name: 'FLAG_C', default: false, help: 'x' }),
    fine: list({ name: 'LIST_D', default: [], help: 'x' }),
  };
  const { values, problems } = resolveSettings(
    many,
    sources({ PORT_A: 'eighty', LIST_D: 'a, b,,c' }, 'SIZE_B=11\nFLAG_C=perhaps'),
  );
  expect(problems).toEqual([
    { line: 'environment PORT_A', message: 'must be a whole number' },
    { line: '.env:1 SIZE_B', message: 'must be between 1 and 10' },
    { line: '.env:2 FLAG_C', message: 'must be true or false' },
  ]);
  expect(values.fine).toEqual(['a', 'b', 'c']);
});

test('the values cannot be changed', () => {
  const { values } = resolveSettings(schema, sources({}));
  expect(() => Object.assign(values, { site: 'other' })).toThrow(TypeError);
});

test('unknown names are reported under our own prefixes only', () => {
  const own = { level: string({ name: 'STACK_LOG_LEVEL', aliases: ['STACK_OLD_LEVEL'], help: 'x' }) };
  const env = {
    STACK_LOG_LEVEL: 'a',
    STACK_LOG_LEVEL_FILE: 'b',
    STACK_OLD_LEVEL: 'c',
    STACK_LOG_LEVLE: 'd',
    OTHER: 'e',
  };
  expect(unknownOwnKeys([own], sources(env, '\nGATEWAY_NONE=x\nKONG_NONE=x')).map(({ line }) => line)).toEqual([
    'environment STACK_LOG_LEVLE',
    '.env:2 GATEWAY_NONE',
  ]);
});

describe('a family of settings', () => {
  const family = { app: prefixed({ prefix: 'APP_', help: 'x' }) };

  test('is found by its prefix, in the environment and in files', () => {
    const { values, effective } = resolveSettings(
      family,
      sources({ APP_One: '1', APP_TWO: 'env', APP_: 'none', OTHER: 'x' }, 'APP_TWO=file\nAPP_three=3\nAPP_EMPTY='),
    );
    expect([...values.app].sort()).toEqual([
      ['One', '1'],
      ['TWO', 'env'],
      ['three', '3'],
    ]);
    expect(effective[0]?.origin.split(', ').sort()).toEqual(['APP_One', 'APP_TWO', 'APP_three']);
  });

  test('may be empty', () => {
    const { values, effective } = resolveSettings(family, sources({}));
    expect([values.app.size, effective[0]?.origin]).toEqual([0, 'default']);
  });
});

test('where an empty text counts it is an empty list', () => {
  const some = {
    path: list({ name: 'PATH_LIST', default: ['a'], emptyCounts: true, help: 'x' }),
    other: list({ name: 'OTHER_LIST', default: ['a'], help: 'x' }),
  };
  const { values } = resolveSettings(some, sources({ PATH_LIST: '', OTHER_LIST: '' }));
  expect(values).toEqual({ path: [], other: ['a'] });
  expect(resolveSettings(some, sources({})).values.path).toEqual(['a']);
});

test('a value may refer to a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  writeFileSync(join(folder, 'value'), 'text\nof it\n');
  const referring = { key: string({ name: 'KEY', fileReference: true, help: 'x' }) };
  expect(resolveSettings(referring, sources({ KEY: `@${join(folder, 'value')}` })).values.key).toBe('text\nof it');
  expect(resolveSettings(referring, sources({ KEY: '@/nowhere' })).problems[0]?.message).toContain('cannot read');
  rmSync(folder, { recursive: true });
});
