/** The text form of a one-dimensional array. */
export function arrayLiteral(values: readonly (string | null)[]): string {
  const items = values.map((value) =>
    value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return `{${items.join(',')}}`;
}

/** An array's elements: texts, nulls, and arrays of them. */
export type ArrayItems = readonly (string | null | ArrayItems)[];

/**
 * Reads the text form of an array (PostgreSQL documentation, "Array Input and Output Syntax").
 *
 * @param delimiter a semicolon for type box, a comma for all others
 * @returns undefined for what is none
 */
export function parseArray(text: string, delimiter = ','): ArrayItems | undefined {
  // Bounds other than 1 stand before it.
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  const items = list();
  return items !== undefined && at === text.length ? items : undefined;

  function list(): (string | null | ArrayItems)[] | undefined {
    if (text[at] !== '{') return undefined;
    at++;
    const found: (string | null | ArrayItems)[] = [];
    if (text[at] === '}') {
      at++;
      return found;
    }
    for (;;) {
      const item = text[at] === '{' ? list() : text[at] === '"' ? quoted() : plain();
      if (item === undefined) return undefined;
      found.push(item);
      const next = text[at++];
      if (next === '}') return found;
      if (next !== delimiter) return undefined;
    }
  }

  function quoted(): string | undefined {
    let value = '';
    for (at++; at < text.length; at++) {
      const letter = text[at] as string;
      if (letter === '"') {
        at++;
        return value;
      }
      value += letter === '\\' ? (text[++at] ?? '') : letter;
    }
    return undefined;
  }

  function plain(): string | null | undefined {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at++;
    const value = text.slice(from, at);
    if (value === '') return undefined;
    return value.toUpperCase() === 'NULL' ? null : value.replaceAll(/\\(.)/gs, '$1');
  }
}
