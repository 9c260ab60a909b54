import { describe, expect, it } from 'vitest';
import { planScript } from './script-plan.ts';

const plan = (script: string) => {
  const { run, transaction } = planScript(script);
  return { transaction, run: run.map((statement) => statement.text) };
};

describe('planScript', () => {
  it('runs an ordinary script in one transaction of ours', () => {
    expect(plan('create table a (); drop table a')).toEqual({
      transaction: 'ours',
      run: ['create table a ()', 'drop table a'],
    });
    expect(plan('savepoint a; rollback to savepoint a; select 1').transaction).toBe('ours');
  });

  it('takes a BEGIN in front and a COMMIT at the end for ours, and keeps them for the history', () => {
    expect(plan('begin; select 1; commit;')).toEqual({ transaction: 'ours', run: ['select 1'] });
    expect(plan('START TRANSACTION; select 1; END').transaction).toBe('ours');
    expect(planScript('begin; select 1; commit;').statements).toHaveLength(3);
  });

  it.each([
    ['several transactions', 'begin; select 1; commit; begin; select 2; commit'],
    ['an isolation level', 'begin isolation level serializable; select 1; commit'],
    ['a rollback', 'begin; select 1; rollback'],
    ['a chain', 'begin; select 1; commit and chain'],
    ['a commit in the middle', 'select 1; commit; select 2'],
  ])('leaves %s to the script', (_name, script) => {
    expect(plan(script)).toEqual({ transaction: 'theirs', run: script.split(/;\s*/) });
  });

  it.each([
    'vacuum t',
    'create unique index concurrently on t (a)',
    'drop index concurrently i',
    'reindex table concurrently t',
    "alter system set work_mem = '8MB'",
    'create database x',
    'alter table p detach partition q concurrently',
  ])('runs %s outside of a transaction', (script) => {
    expect(plan(`set lock_timeout = '1s'; ${script}`).transaction).toBe('none');
  });

  it('refuses such a statement among others, with its line', () => {
    expect(() => planScript('create table t (a int);\n-- fast\ncreate index concurrently on t (a)')).toThrow(
      expect.objectContaining({ line: 3, message: expect.stringMatching(/^CREATE INDEX … cannot run/) }),
    );
  });

  it('does not mistake names for commands', () => {
    expect(plan('create table vacuum (concurrently int)').transaction).toBe('ours');
    expect(plan('alter table "system" add a int').transaction).toBe('ours');
  });
});
