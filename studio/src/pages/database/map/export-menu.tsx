import { download } from '../../../data/download.ts';
import { runSql } from '../../../data/sql.ts';
import { Button } from '../../../design/button.tsx';
import { copyText } from '../../../design/code-block.tsx';
import { Menu } from '../../../design/menu.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { type Described, describeEnums, describeTables, schemaDefinitionOf } from '../../../sql/definition.ts';
import { type MapTable, mapAsMarkdown, mapBound } from '../../../sql/schema-map.ts';
import { drawSvg, paintPng } from './draw-svg.ts';
import type { Box, Line, Place } from './layout.ts';

/** What can be taken away of a map: text for people, SQL for databases, drawings for documents. */
export function ExportMenu({
  schema,
  tables,
  boxes,
  lines,
  places,
}: {
  readonly schema: string;
  readonly tables: readonly MapTable[];
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly places: () => ReadonlyMap<string, Place>;
}) {
  const toasts = useToasts();
  const doing = (work: () => Promise<void> | void) => () => void Promise.resolve().then(work).catch(toasts.failed);
  const drawing = () =>
    drawSvg(
      boxes,
      lines,
      places(),
      getComputedStyle(document.documentElement).colorScheme === 'dark' ||
        (document.documentElement.dataset.theme === undefined && matchMedia('(prefers-color-scheme: dark)').matches)
        ? 'dark'
        : 'light',
    );
  async function copySql(): Promise<void> {
    type Table = { [K in keyof Described]: Described[K] } & { readonly name: string };
    const [enums, described] = await Promise.all([
      runSql<{ name: string; labels: string[] | null }>(describeEnums(schema)),
      runSql<Table>(describeTables(schema, mapBound)),
    ]);
    await copyText(schemaDefinitionOf(schema, enums, described));
    toasts.done('The SQL is on the clipboard');
  }
  async function copyMarkdown(): Promise<void> {
    await copyText(mapAsMarkdown(schema, tables));
    toasts.done('The document is on the clipboard');
  }
  return (
    <Menu
      label="Take it away"
      items={[
        { label: 'Copy as SQL', icon: 'copy', onSelect: doing(copySql) },
        { label: 'Copy as Markdown', icon: 'copy', onSelect: doing(copyMarkdown) },
        {
          label: 'Download SVG',
          icon: 'download',
          line: true,
          onSelect: doing(() => download(`${schema}.svg`, drawing(), 'image/svg+xml')),
        },
        {
          label: 'Download PNG',
          icon: 'download',
          onSelect: doing(async () => download(`${schema}.png`, await paintPng(drawing()))),
        },
      ]}
      trigger={(props) => (
        <Button icon="download" disabled={tables.length === 0} {...props}>
          Export
        </Button>
      )}
    />
  );
}
