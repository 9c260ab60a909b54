import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../support/shared-stack.ts';
import { readEnv } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

const stack = sharedStack();
const program = '/usr/bin/s3cmd';

// It has signatures, uploads in parts and copies of its own, and takes the endpoint's path for a part of the host.
describe.skipIf(!existsSync(program))('s3cmd', () => {
  let folder: string;
  const s3cmd = async (...args: readonly string[]) =>
    (await promisify(execFile)(program, ['-c', join(folder, 'config'), '--no-progress', ...args], { cwd: folder }))
      .stdout;

  beforeAll(() => {
    folder = makeWorkspace();
    const { S3_PROTOCOL_ACCESS_KEY_ID: key, S3_PROTOCOL_ACCESS_KEY_SECRET: secret } = readEnv(stack.cwd);
    const endpoint = `${new URL(stack.url).host}/storage/v1/s3`;
    writeFileSync(
      join(folder, 'config'),
      ['[default]', `access_key = ${key}`, `secret_key = ${secret}`, 'use_https = False', 'bucket_location = us-east-1']
        .concat(`host_base = ${endpoint}`, `host_bucket = ${endpoint}/%(bucket)`, '')
        .join('\n'),
      { mode: 0o600 },
    );
  });
  afterAll(() => removeWorkspace(folder));

  test('puts, lists, copies, gets and removes, in parts and under odd names', async () => {
    const [large, small] = [randomBytes(6 * 1024 ** 2), randomBytes(1_000)];
    writeFileSync(join(folder, 'large'), large);
    writeFileSync(join(folder, 'small'), small);
    await s3cmd('mb', 's3://s3cmd');
    await s3cmd('put', '--multipart-chunk-size-mb=5', 'large', 's3://s3cmd/large');
    await s3cmd('put', 'small', 's3://s3cmd/a folder/it+(1)');
    await s3cmd('cp', 's3://s3cmd/a folder/it+(1)', 's3://s3cmd/copy');
    const listed = (await s3cmd('ls', '--recursive', 's3://s3cmd')).trim().split('\n');
    expect(listed.map((line) => line.slice(line.indexOf('s3://')))).toEqual([
      's3://s3cmd/a folder/it+(1)',
      's3://s3cmd/copy',
      's3://s3cmd/large',
    ]);
    await s3cmd('get', 's3://s3cmd/copy', 'copy');
    expect(readFileSync(join(folder, 'copy')).equals(small)).toBe(true);
    await s3cmd('get', '--force', 's3://s3cmd/large', 'again');
    expect(readFileSync(join(folder, 'again')).equals(large)).toBe(true);
    await s3cmd('rb', '--recursive', '--force', 's3://s3cmd');
    expect(await s3cmd('ls')).not.toContain('s3cmd');
  });
});
