/** A helper type that looks a table's form up, in the default schema or in one that is named. */
interface TableHelper {
  readonly name: string;
  readonly kinds: readonly string[];
  /** `Row`, `Insert` or `Update`. */
  readonly form: string;
}

const tableHelpers: readonly TableHelper[] = [
  { name: 'Tables', kinds: ['Tables', 'Views'], form: 'Row' },
  { name: 'TablesInsert', kinds: ['Tables'], form: 'Insert' },
  { name: 'TablesUpdate', kinds: ['Tables'], form: 'Update' },
];

const namedSchema = '{\n schema: keyof DatabaseWithoutInternals }';
const anySchema = '{ schema: keyof DatabaseWithoutInternals }';

/**
 * The types that client code uses: `Tables`, `TablesInsert`, `TablesUpdate`, `Enums`, `CompositeTypes`.
 *
 * @param defaultSchema the one whose names need no schema
 */
export function helperTypes(defaultSchema: string): string {
  return [
    `type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">`,
    `type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, ${JSON.stringify(defaultSchema)}>]`,
    ...tableHelpers.map(tableHelper),
    nameHelper('Enums', 'DefaultSchemaEnumNameOrOptions', 'EnumName'),
    nameHelper('CompositeTypes', 'PublicCompositeTypeNameOrOptions', 'CompositeTypeName'),
  ].join('\n\n');
}

function tableHelper({ name, kinds, form }: TableHelper): string {
  const options = 'DefaultSchemaTableNameOrOptions';
  const of = (schema: string): string => {
    const parts = kinds.map((kind) => `${schema}["${kind}"]`);
    return parts.length > 1 ? `(${parts.join(' & ')})` : (parts[0] as string);
  };
  const chosen = of(`DatabaseWithoutInternals[${options}["schema"]]`);
  const standard = of('DefaultSchema');
  const letter = form[0] as string;
  const inferred = `extends {\n ${form}: infer ${letter} } ? ${letter} : never`;
  return `export type ${name}<
    ${options} extends | keyof ${standard} | ${anySchema},
    TableName extends ${options} extends ${namedSchema} ? keyof ${chosen} : never = never
  > = ${options} extends ${anySchema}
    ? ${chosen}[TableName] ${inferred}
    : ${options} extends keyof ${standard} ? ${standard}[${options}] ${inferred} : never`;
}

function nameHelper(kind: string, options: string, name: string): string {
  const chosen = `DatabaseWithoutInternals[${options}["schema"]]["${kind}"]`;
  return `export type ${kind}<
    ${options} extends | keyof DefaultSchema["${kind}"] | ${anySchema},
    ${name} extends ${options} extends ${namedSchema} ? keyof ${chosen} : never = never
  > = ${options} extends ${anySchema}
    ? ${chosen}[${name}]
    : ${options} extends keyof DefaultSchema["${kind}"] ? DefaultSchema["${kind}"][${options}] : never`;
}
