import type { Session } from '#kernel/sql';
import { writeGo } from './go.ts';
import { readProject, type SchemaChoice } from './project.ts';
import { writePython } from './python.ts';
import { type SwiftAccess, writeSwift } from './swift.ts';
import { type TypeScriptOptions, writeTypeScript } from './typescript.ts';

/** Languages that types can be written in. */
export const languages = ['typescript', 'go', 'swift', 'python'] as const;

/** One of them. */
export type Language = (typeof languages)[number];

/** What may stand before Swift's types. */
export const swiftAccesses: readonly SwiftAccess[] = ['internal', 'public', 'private', 'package'];

/** What to write, and how. */
export interface GenerateOptions extends SchemaChoice, TypeScriptOptions {
  readonly swiftAccess: SwiftAccess;
}

/** The types of a database as source code. */
export async function generateTypes(session: Session, language: Language, options: GenerateOptions): Promise<string> {
  const project = await readProject(session, options);
  switch (language) {
    case 'typescript':
      return writeTypeScript(project, options);
    case 'go':
      return writeGo(project);
    case 'swift':
      return writeSwift(project, options.swiftAccess);
    case 'python':
      return writePython(project);
  }
}
