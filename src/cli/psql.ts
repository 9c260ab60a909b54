import { spawn } from 'node:child_process';
import { StartupError } from '#kernel/errors';
import { loadSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';
import type { Command } from './command.ts';

/** `psql`: opens an installed psql on the database as role postgres. */
export const psqlCommand: Command = {
  name: 'psql',
  summary: 'open psql on the database (needs an installed psql)',
  help: `usage: pmoves-supabase psql [-- psql arguments]

Connects as role postgres; the password is handed over in the environment, never on the command line.`,

  async run(context) {
    const settings = loadSettings(context.input);
    const run = readRunFile(settings);
    const database = run?.database.name ?? settings.db.database;
    const external = run !== undefined && !run.database.embedded;
    const env = {
      ...context.input.env,
      PGHOST: external ? (settings.db.host ?? 'localhost') : '127.0.0.1',
      PGPORT: String((external ? undefined : settings.pooler.sessionPort) ?? run?.database.port ?? settings.db.port),
      PGUSER: 'postgres',
      PGDATABASE: database,
      PGPASSWORD: settings.stack.postgresPassword,
    };
    return new Promise((resolve, reject) => {
      const child = spawn('psql', [...context.args], { stdio: 'inherit', env });
      child.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'ENOENT'
            ? new StartupError('no psql is installed; install the postgresql-client package')
            : error,
        );
      });
      child.once('exit', (code) => resolve(code ?? 1));
    });
  },
};
