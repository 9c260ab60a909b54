import { expect, test } from 'vitest';
import { missingOptionals, platformEntry } from './complete.mjs';

test.each([
  ['@biomejs/cli-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
  ['@oxc-parser/binding-linux-arm-musleabihf', { os: ['linux'], cpu: ['arm'], libc: ['musl'] }],
  ['@oxc-parser/binding-linux-riscv64-gnu', { os: ['linux'], cpu: ['riscv64'], libc: ['glibc'] }],
  ['@supabase/cli-windows-arm64', { os: ['win32'], cpu: ['arm64'] }],
  ['@node-rs/bcrypt-android-arm-eabi', { os: ['android'], cpu: ['arm'] }],
])('%s is for its platform only', (name, platform) => {
  expect(platformEntry({ name, version: '1.0.0', dev: false })).toEqual({
    version: '1.0.0',
    optional: true,
    ...platform,
  });
});

test('a development package stays one', () => {
  expect(platformEntry({ name: 'x-linux-x64', version: '1.0.0', dev: true })).toMatchObject({ dev: true });
});

test.each([
  ['fsevents', '2.0.0'],
  ['x-linux-x64', '^1.0.0'],
])('%s in version %s has to be looked up', (name, version) => {
  expect(() => platformEntry({ name, version, dev: false })).toThrow();
});

test('what an optional dependency resolves to may lie in any folder above', () => {
  const optionalDependencies = { c: '1.0.0', d: '2.0.0' };
  const packages = { 'node_modules/a/node_modules/b': { optionalDependencies }, 'node_modules/c': {} };
  expect(missingOptionals({ packages })).toEqual([{ name: 'd', version: '2.0.0', dev: false }]);
});
