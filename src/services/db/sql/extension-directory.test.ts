import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareExtensionDirectory, trustedControl } from './extension-directory.ts';

describe('trustedControl', () => {
  it('adds the mark, once, whatever was there before', () => {
    const marked = "comment = 'x'\ndefault_version = '1.0'\ntrusted = true\n";
    expect(trustedControl("comment = 'x'\ndefault_version = '1.0'")).toBe(marked);
    expect(trustedControl("comment = 'x'\n trusted=false\ndefault_version = '1.0'\n")).toBe(marked);
    expect(trustedControl(marked)).toBe(marked);
  });
});

describe('prepareExtensionDirectory', () => {
  let root: string;
  const at = (...parts: string[]) => path.join(root, ...parts);
  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
  };
  const prepared = (file: string) => readFileSync(at('target/extension', file), 'utf8');

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'extensions-'));
    put('share/extension/dblink.control', "default_version = '1.2'\n");
    put('share/extension/dblink--1.2.sql', 'system dblink');
    put('share/extension/plpython3u.control', "default_version = '1.0'\n");
    put('share/extension/pg_cron.control', 'system cron');
    put('share/extension/pg_cron--1.6.sql', 'system cron');
    put('own/extension/pg_cron.control', 'own cron');
    put('own/extension/pg_cron--1.6.4+sql.sql', 'own cron');
    put('own/extension/vector.control', 'own vector');
    put('own/extension/vector--0.8.0+sql.sql', 'own vector');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('links the system files, trusts privileged ones only, and adds ours', async () => {
    await prepareExtensionDirectory(at('target'), at('share'), at('own'));
    expect(readlinkSync(at('target/extension/dblink--1.2.sql'))).toBe(at('share/extension/dblink--1.2.sql'));
    expect(prepared('dblink.control')).toContain('trusted = true');
    expect(prepared('plpython3u.control')).not.toContain('trusted');
    expect(prepared('vector--0.8.0+sql.sql')).toBe('own vector');
  });

  it('lets the real extension win over ours as a whole', async () => {
    await prepareExtensionDirectory(at('target'), at('share'), at('own'));
    expect(prepared('pg_cron.control')).toContain('system cron');
    expect(readdirSync(at('target/extension'))).not.toContain('pg_cron--1.6.4+sql.sql');
  });

  it('replaces what was there, and what an interrupted start left', async () => {
    put('target/extension/gone.control', 'old');
    put('target.new/extension/half.control', 'half');
    await prepareExtensionDirectory(at('target'), at('share'), at('own'));
    expect(readdirSync(at('target/extension')).filter((file) => /gone|half/.test(file))).toEqual([]);
    expect(readdirSync(root)).not.toContain('target.new');
  });
});
