import typescript from 'typescript';
import type { Check } from './tree.ts';

/**
 * Everything a source file exports has a doc comment: its contract, where a stranger reads. An endpoint (`Route`) is its
 * own contract: method, path and who may use it stand in it.
 */
export const docComments: Check = (tree) =>
  tree.files
    .filter((path) => /^(src|studio\/src)\/.*\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
    .flatMap((path) => undocumented(path, tree.read(path)));

function undocumented(path: string, text: string): string[] {
  const file = typescript.createSourceFile(path, text, typescript.ScriptTarget.Latest, true);
  const documented = new Set<string>();
  const bare: { readonly name: string; readonly line: number }[] = [];
  for (const statement of file.statements) {
    if (!isExported(statement)) continue;
    for (const { name, node } of declared(statement)) {
      // Of overloads one comment is enough.
      if (hasDocComment(statement, text)) documented.add(name);
      else bare.push({ name, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    }
  }
  return bare
    .filter(({ name }) => !documented.has(name))
    .map(({ name, line }) => `${path}:${line} exports ${name} without a doc comment`);
}

function isExported(statement: typescript.Statement): boolean {
  const modifiers = typescript.canHaveModifiers(statement) ? typescript.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === typescript.SyntaxKind.ExportKeyword) ?? false;
}

function declared(statement: typescript.Statement): { name: string; node: typescript.Node }[] {
  if (typescript.isVariableStatement(statement))
    return statement.declarationList.declarations
      .filter(({ type }) => type?.getText() !== 'Route')
      .map((node) => ({ name: node.name.getText(), node }));
  const { name } = statement as typescript.Statement & { readonly name?: typescript.Node };
  return name ? [{ name: name.getText(), node: name }] : [];
}

function hasDocComment(statement: typescript.Statement, text: string): boolean {
  const comments = typescript.getLeadingCommentRanges(text, statement.getFullStart()) ?? [];
  return comments.some(({ pos }) => text.startsWith('/**', pos));
}
