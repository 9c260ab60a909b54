import { lex, meaning, type Token } from './lex.ts';

/** One statement of several. */
export interface Statement {
  /** Without the semicolon and without space around it. */
  readonly text: string;
  /** Where it begins in the whole, and where it ends. */
  readonly from: number;
  readonly to: number;
  readonly tokens: readonly Token[];
}

/** Cuts SQL at its semicolons, those within functions' bodies (`begin atomic … end`) left alone. */
export function statementsOf(sql: string): readonly Statement[] {
  const statements: Statement[] = [];
  let current: Token[] = [];
  let atomic = 0;
  const finish = () => {
    const said = meaning(current);
    const [first, last] = [said[0], said.at(-1)];
    if (first && last) {
      const to = last.at + last.text.length;
      statements.push({ text: sql.slice(first.at, to), from: first.at, to, tokens: said });
    }
    current = [];
    atomic = 0;
  };
  let before = '';
  for (const token of lex(sql)) {
    const word = token.kind === 'word' ? token.text.toLowerCase() : '';
    if (word === 'atomic' && before === 'begin') atomic = 1;
    else if (atomic > 0 && word === 'case') atomic++;
    else if (atomic > 0 && word === 'end') atomic--;
    if (token.kind === 'mark' && token.text === ';' && atomic === 0) finish();
    else current.push(token);
    if (token.kind !== 'space' && token.kind !== 'comment') before = word;
  }
  finish();
  return statements;
}

/** The statement a place lies in or just behind; the last one before it where it lies between two. */
export function statementAt(sql: string, place: number): Statement | undefined {
  const all = statementsOf(sql);
  return all.findLast(({ from }) => from <= place) ?? all[0];
}

/** Its words and marks, words in lower case. */
export const wordsOf = ({ tokens }: Statement): readonly string[] =>
  tokens.map(({ kind, text }) => (kind === 'word' ? text.toLowerCase() : text));

/** What a statement does that cannot be taken back, in words; empty: nothing of that kind. */
export function warningsOf(sql: string): readonly string[] {
  const found = statementsOf(sql).flatMap((statement) => {
    const words = wordsOf(statement);
    const head = words.slice(0, 4).join(' ');
    const has = (...wanted: readonly string[]): boolean =>
      words.some((_, at) => wanted.every((word, index) => words[at + index] === word));
    const warnings: string[] = [];
    if (words[0] === 'drop')
      warnings.push(`removes a ${words[1] ?? 'thing'}${has('cascade') ? ' and all that depends on it' : ''}`);
    if (words[0] === 'truncate')
      warnings.push(`empties tables${has('cascade') ? ', those that refer to them as well' : ''}`);
    if (words[0] === 'alter' && words[1] === 'table') {
      if (
        has('drop', 'column') ||
        (has('drop') &&
          !has('drop', 'constraint') &&
          !has('drop', 'not') &&
          !has('drop', 'default') &&
          !has('drop', 'identity') &&
          !has('drop', 'expression'))
      )
        warnings.push('removes a column with its values');
      if (has('disable', 'row', 'level', 'security')) warnings.push('turns row level security off');
    }
    for (const [at, word] of words.entries()) {
      const deletes = word === 'delete' && words[at + 1] === 'from';
      const updates =
        word === 'update' &&
        words[at - 1] !== 'for' &&
        words[at - 1] !== 'no' &&
        words[at - 1] !== 'do' &&
        words[at - 1] !== 'on' &&
        words.indexOf('set', at) > 0;
      if (
        (deletes || updates) &&
        !/^(create|alter|grant|revoke|comment)$/.test(words[0] ?? '') &&
        !boundedBy(words, at)
      )
        warnings.push(deletes ? 'deletes every row: there is no WHERE' : 'changes every row: there is no WHERE');
    }
    return warnings.map((warning) => `${head.length > 40 ? `${head.slice(0, 40)}…` : head} … ${warning}`);
  });
  return [...new Set(found)];
}

// Whether a WHERE follows on the same level of brackets.
function boundedBy(words: readonly string[], from: number): boolean {
  let depth = 0;
  for (const word of words.slice(from)) {
    if (word === '(') depth++;
    else if (word === ')' && --depth < 0) return false;
    else if (depth === 0 && word === 'where') return true;
  }
  return false;
}

/**
 * A single plain query with a bound on its rows; anything else, and what has a bound, as it was.
 */
export function withLimit(sql: string, limit: number): string {
  const all = statementsOf(sql);
  const [only] = all;
  if (all.length !== 1 || !only) return sql;
  const words = wordsOf(only);
  if (!/^(select|table|values|with)$/.test(words[0] ?? '')) return sql;
  let depth = 0;
  for (const word of words) {
    if (word === '(') depth++;
    else if (word === ')') depth--;
    // With a bound, a lock or a target there is either nothing to add or no place for it; data is changed within WITH as well.
    else if (/^(insert|update|delete|merge)$/.test(word)) return sql;
    else if (depth === 0 && /^(limit|fetch|for|into)$/.test(word)) return sql;
  }
  return `${sql.slice(0, only.to)}\nlimit ${limit}${sql.slice(only.to)}`;
}

/** Whether the statement can be explained. */
export const isExplainable = (sql: string): boolean => {
  const all = statementsOf(sql);
  const first = all[0] && wordsOf(all[0])[0];
  return all.length === 1 && /^(select|insert|update|delete|merge|values|table|with|execute)$/.test(first ?? '');
};
