import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from './config-file.ts';
import { isFunctionName, nameInPath } from './names.ts';
import { importsOfPackage } from './package-imports.ts';
import { staticFolders } from './static-files.ts';

const place = {
  path: '/p/supabase/config.toml',
  folder: '/p/volumes/functions',
  env: (name: string) => (name === 'GIVEN' ? 'from outside' : undefined),
};

test('what a configuration says of functions', async () => {
  const text = `
    project_id = "x"
    [edge_runtime]
    policy = "oneshot"
    [edge_runtime.secrets]
    A = "env(GIVEN)"
    B = "env(MISSING)"
    C = "plain"
    [functions.one]
    enabled = false
    verify_jwt = true
    entrypoint = "./functions/one/main.ts"
    import_map = "./maps/one.json"
    static_files = ["./functions/assets/*.html", "../shared.txt"]
    env = { D = "env(GIVEN)", E = 1 }
    [functions.two]
    verify_jwt = "yes"
  `;
  const { functions, secrets } = await parseConfig(text, place);
  expect(secrets).toEqual({ A: 'from outside', C: 'plain' });
  expect(functions.get('one')).toEqual({
    enabled: false,
    verifyJwt: true,
    entrypoint: '/p/volumes/functions/one/main.ts',
    importMap: '/p/supabase/maps/one.json',
    staticFiles: ['/p/volumes/functions/assets/*.html', '/p/shared.txt'],
    env: { D: 'from outside', E: '1' },
  });
  expect(functions.get('two')).toEqual({});
});

test('a configuration that is none is refused, one without functions says nothing', async () => {
  await expect(parseConfig('[functions', place)).rejects.toThrow();
  expect((await parseConfig('functions = 1', place)).functions.size).toBe(0);
});

test.each([
  ['hello', true],
  ['Hello_2-x', true],
  ['main', false],
  ['_shared', false],
  ['.git', false],
  ['node_modules', false],
  ['a/b', false],
  ['..', false],
  ['', false],
])('%j is a function: %j', (name, is) => {
  expect(isFunctionName(name)).toBe(is);
});

test('the first segment is the name, whatever it is', () => {
  expect([nameInPath('/'), nameInPath('/a'), nameInPath('/a/b'), nameInPath('/%61/b'), nameInPath('/%')]).toEqual([
    undefined,
    'a',
    'a',
    'a',
    '%',
  ]);
  fc.assert(
    fc.property(fc.string(), (path) => {
      const name = nameInPath(`/${path}`);
      if (name !== undefined && isFunctionName(name)) expect(name).not.toMatch(/[/\\.]/);
    }),
  );
});

test('dependencies of a package become imports', () => {
  const manifest = {
    dependencies: { hono: '^4', '@a/b': '1.2.3', other: 'npm:@real/name@2', local: 'file:../x', any: '' },
  };
  expect(importsOfPackage(JSON.stringify(manifest)).imports).toEqual({
    hono: 'npm:hono@^4',
    'hono/': 'npm:/hono@^4/',
    '@a/b': 'npm:@a/b@1.2.3',
    '@a/b/': 'npm:/@a/b@1.2.3/',
    other: 'npm:@real/name@2',
    'other/': 'npm:/@real/name@2/',
    any: 'npm:any@*',
    'any/': 'npm:/any@*/',
  });
  expect(() => importsOfPackage('[')).toThrow();
});

test('folders of static files', () => {
  expect(staticFolders(['/a/b.txt', '/a/*.html', '/a/**/x', '/a/pre*', '/a/{b,c}'])).toEqual([
    '/a/b.txt',
    '/a',
    '/a',
    '/a',
    '/a',
  ]);
});
