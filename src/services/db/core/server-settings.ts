import { logLinePrefix } from './log-line.ts';
import type { MemorySizes } from './memory.ts';

/** What the server's configuration depends on. */
export interface ServerShape {
  readonly major: number;
  readonly memory: MemorySizes;
  readonly port: number;
  readonly listenAddress: string;
  readonly socketDir: string;
  readonly maxConnections: number;
  readonly database: string;
  /** Libraries to preload; only those that are there. */
  readonly preload: readonly string[];
  /** Folders holding `extension/`, searched in this order (18 and later). */
  readonly extensionPath: readonly string[];
  readonly hbaFile: string;
  readonly identFile: string;
  readonly configFile: string;
}

/** Carried by every server this program starts, so that a later start recognises one that was left behind. */
export const clusterName = 'pmoves-supabase';

/**
 * Settings that promises depend on, as command-line arguments: `ALTER SYSTEM` cannot change those. Among them is the log's
 * prefix, since the lines are parsed.
 */
export function serverArguments(dataDir: string, shape: ServerShape): string[] {
  const fixed: Readonly<Record<string, string | number>> = {
    config_file: shape.configFile,
    hba_file: shape.hbaFile,
    ident_file: shape.identFile,
    cluster_name: clusterName,
    port: shape.port,
    listen_addresses: shape.listenAddress,
    unix_socket_directories: quoteListItem(shape.socketDir),
    unix_socket_permissions: '0777',
    fsync: 'on',
    full_page_writes: 'on',
    wal_level: 'logical',
    password_encryption: 'scram-sha-256',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: logLinePrefix,
    lc_messages: 'C',
  };
  return ['-D', dataDir, ...Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Settings with a sensible value that operators may change with `ALTER SYSTEM`, as the text of `postgresql.conf`. */
export function renderServerConfig(shape: ServerShape): string {
  const { memory } = shape;
  const values: [name: string, value: string | number][] = [
    ['max_connections', shape.maxConnections],
    ['shared_buffers', `${memory.sharedBuffers}MB`],
    ['effective_cache_size', `${memory.effectiveCache}MB`],
    ['work_mem', `${memory.workMem}MB`],
    ['maintenance_work_mem', `${memory.maintenanceWorkMem}MB`],
    ['dynamic_shared_memory_type', 'posix'],
    ['min_wal_size', '80MB'],
    ['max_wal_size', '1GB'],
    ['random_page_cost', '1.1'],
    ['jit', 'off'],
    ['max_replication_slots', 5],
    ['max_wal_senders', 10],
    ['max_slot_wal_keep_size', '4GB'],
    ['timezone', 'UTC'],
    ['log_timezone', 'UTC'],
    // Errors are the client's affair and its statements may hold secrets; LOG ranks above ERROR here.
    ['log_min_messages', 'log'],
    ['log_min_error_statement', 'panic'],
    ['log_statement', 'none'],
    ['log_checkpoints', 'off'],
    ['row_security', 'on'],
    // The locale says nothing of a language; the official image has this one.
    ['default_text_search_config', 'pg_catalog.english'],
    ['shared_preload_libraries', shape.preload.join(',')],
  ];
  if (shape.major >= 18) {
    // Worker processes for reads cost memory that a stack of this size does not earn back.
    values.push(['io_method', 'sync']);
    values.push(['extension_control_path', [...shape.extensionPath].join(':')]);
  }
  if (shape.preload.includes('auto_explain')) {
    values.push(['auto_explain.log_min_duration', '10s']);
    if (shape.major >= 16) values.push(['auto_explain.log_parameter_max_length', 0]);
  }
  if (shape.preload.includes('pg_cron')) {
    values.push(['cron.database_name', shape.database]);
    // Its connections would be asked for a password that it has not.
    values.push(['cron.use_background_workers', 'on']);
  }
  const lines = values.map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quoteValue(value)}`);
  return [
    '# Written by pmoves-supabase at every start; what is changed here is lost. Use ALTER SYSTEM instead.',
    ...lines,
    '',
  ].join('\n');
}

const quoteValue = (text: string): string => `'${text.replaceAll("'", "''")}'`;

// Paths with commas or spaces are one list item only in double quotes.
const quoteListItem = (text: string): string => `"${text.replaceAll('"', '""')}"`;
