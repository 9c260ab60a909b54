import { createHash } from 'node:crypto';
import type { Lint } from '../sql/lints/lint.ts';
import { performanceLints } from '../sql/lints/performance.ts';
import { securityLints } from '../sql/lints/security.ts';
import type { StudioContext } from './context.ts';

/** All that is looked for. */
export const lints: readonly Lint[] = [...securityLints, ...performanceLints];

/** Something found, in the shape of Supabase's advisors, with the SQL that mends it. */
export interface Finding {
  readonly name: string;
  readonly title: string;
  readonly level: Lint['level'];
  readonly facing: 'EXTERNAL';
  readonly categories: readonly Lint['category'][];
  readonly description: string;
  readonly detail: string;
  readonly metadata: { readonly schema: string; readonly name: string; readonly type: string };
  /** The same for the same thing. */
  readonly cache_key: string;
  /** Null where a person has to decide. */
  readonly fix: string | null;
}

interface Found {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly detail: string;
  readonly fix: string | null;
}

// Of one kind; a database with more has enough to do with these.
const most = 200;

const levels = ['ERROR', 'WARN', 'INFO'];

/** Looks for all lints, without changing anything. The worst come first. */
export async function runLints({ db, ports }: StudioContext): Promise<Finding[]> {
  const findings = await db.transaction(async (transaction) => {
    // Without a path every name is said in full, so that a fix means the same wherever it is run.
    await transaction.query(`set local statement_timeout = '15s'; set local search_path = ''`);
    const found: Finding[] = [];
    for (const lint of lints) {
      const { rows } = await transaction.query<Found>(
        `select * from (${lint.sql}) as found order by schema, name, detail limit ${most}`,
        lint.sql.includes('$1') ? [ports.apiSchemas()] : [],
      );
      for (const row of rows) found.push(findingOf(lint, row));
    }
    return found;
  }, 'begin read only');
  return findings.sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
}

function findingOf(lint: Lint, { schema, name, type, detail, fix }: Found): Finding {
  return {
    name: lint.name,
    title: lint.title,
    level: lint.level,
    facing: 'EXTERNAL',
    categories: [lint.category],
    description: lint.description,
    detail,
    metadata: { schema, name, type },
    cache_key: `${lint.name}_${createHash('sha256').update(detail).digest('hex').slice(0, 16)}`,
    fix,
  };
}
