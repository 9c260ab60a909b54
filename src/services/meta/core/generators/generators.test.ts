import { describe, expect, it } from 'vitest';
import { writeGo } from './go.ts';
import type { Column, Project } from './objects.ts';
import { writePython } from './python.ts';
import { camelCase, pascalCase, snakeCase } from './shapes.ts';
import { writeSwift } from './swift.ts';

const column = (name: string, format: string, more: Partial<Column> = {}): Column => ({
  table_id: 1,
  ordinal_position: 1,
  name,
  format,
  default_value: null,
  is_identity: false,
  identity_generation: null,
  is_nullable: true,
  is_updatable: true,
  ...more,
});

const project: Project = {
  schemas: [{ name: 'public' }],
  tables: [{ id: 1, schema: 'public', name: 'user_notes' }],
  foreignTables: [],
  views: [],
  materializedViews: [],
  columns: new Map([
    [
      1,
      [
        column('class', 'text'),
        column('id', 'int8', { is_identity: true, is_nullable: false }),
        column('moods', '_mood', { is_nullable: false, default_value: "'{}'" }),
        column('odd "one"', 'inet'),
      ],
    ],
  ]),
  functions: [],
  types: [
    {
      id: 2,
      schema: 'public',
      name: 'mood',
      format: 'mood',
      enums: ['so-so', 'it\'s "fine"'],
      attributes: [],
      type_relation_id: null,
    },
  ],
  relationships: [],
};

describe('names', () => {
  it.each([
    ['user-id', 'UserId', 'userId', 'user_id'],
    ['createdAt', 'CreatedAt', 'createdAt', 'created_at'],
    ['ünï code', 'ÜnïCode', 'ünïCode', 'ünï_code'],
    ['2fast', 'X2fast', 'x2fast', 'x_2fast'],
    ['"', 'X', 'x', 'x_'],
  ])('%s', (name, pascal, camel, snake) =>
    expect([pascalCase(name), camelCase(name), snakeCase(name)]).toEqual([pascal, camel, snake]),
  );
});

it('Go', () =>
  expect(writeGo(project)).toContain(`type PublicUserNotesInsert struct {
  Class  *string     \`json:"class"\`
  Id     *int64      \`json:"id"\`
  Moods  []string    \`json:"moods"\`
  OddOne interface{} \`json:"odd \\"one\\""\`
}`));

it('Swift', () => {
  const text = writeSwift(project, 'public');
  expect(text).toContain(`  public enum Mood: String, Codable, Hashable, Sendable {
    case soSo = "so-so"
    case itSFine = "it's \\"fine\\""
  }`);
  expect(text).toContain(`  public struct UserNotesSelect: Codable, Hashable, Sendable, Identifiable {
    public let \`class\`: String?
    public let id: Int64
    public let moods: [Mood]
    public let oddOne: AnyJSON?`);
});

it('Python', () => {
  const text = writePython(project);
  expect(text).toContain(`PublicMood: TypeAlias = Literal["so-so", "it's \\"fine\\""]`);
  expect(text).toContain(`class PublicUserNotes(BaseModel):
    class_: Optional[str] = Field(alias="class")
    id: int = Field(alias="id")
    moods: List[PublicMood] = Field(alias="moods")
    odd_one: Optional[Any] = Field(alias="odd \\"one\\"")`);
  expect(text).toContain('    moods: NotRequired[Annotated[List[PublicMood], Field(alias="moods")]]');
});
