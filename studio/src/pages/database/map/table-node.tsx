import { Handle, type Node, type NodeProps, Position, useStore } from '@xyflow/react';
import { memo } from 'react';
import { Link } from 'wouter';
import { classes } from '../../../design/classes.ts';
import { Icon } from '../../../design/icon.tsx';
import { type Box, rowMiddle, sizes } from './layout.ts';
import styles from './map.module.css';

/** What a box of the map shows. */
export interface TableNodeData extends Record<string, unknown> {
  readonly box: Box;
  /** Columns that lines begin or end at. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Columns that refer to other tables. */
  readonly refers: readonly string[];
}

/** A table as the library that draws the map knows it. */
export type TableNodeType = Node<TableNodeData, 'table'>;

// Below this, columns cannot be read; names of tables are written larger instead.
const near = 0.4;

/** A table with its columns, where lines begin and end. */
export const TableNode = memo(({ data, selected }: NodeProps<TableNodeType>) => {
  const { box, from, to, refers } = data;
  const { table, schema, outside } = box;
  const isNear = useStore(({ transform }) => transform[2] >= near);
  const hidden = table.columns.length - sizes.mostRows;
  const name = outside ? `${schema}.${table.name}` : table.name;
  return (
    <div
      className={classes(styles.table, selected && styles.selected, outside && styles.outside, !isNear && styles.far)}
      style={{ height: box.height }}
    >
      <div className={styles.name} title={table.comment ?? name}>
        <Icon name="table" size={14} />
        <Link
          href={`/editor/${encodeURIComponent(schema)}/${encodeURIComponent(table.name)}`}
          className="nodrag"
          tabIndex={-1}
        >
          {name}
        </Link>
      </div>
      {isNear && (
        <ul>
          {table.columns.slice(0, sizes.mostRows).map((column) => (
            <li key={column.name} title={`${column.name} ${column.type}${column.nullable ? '' : ' not null'}`}>
              {column.key ? (
                <Icon name="key" size={12} />
              ) : refers.includes(column.name) ? (
                <Icon name="chevron-right" size={12} />
              ) : (
                <span />
              )}
              <span className={styles.column}>{column.name}</span>
              <span className={styles.type}>
                {column.type}
                {column.nullable && '?'}
              </span>
            </li>
          ))}
          {hidden > 0 && <li className={styles.more}>{`${hidden} more ${hidden === 1 ? 'column' : 'columns'}`}</li>}
        </ul>
      )}
      {to.map((column) => (
        <Handle
          key={`to ${column}`}
          id={`to ${column}`}
          type="target"
          position={Position.Left}
          isConnectable={false}
          className={styles.handle}
          style={{ top: rowMiddle(box, column) }}
        />
      ))}
      {from.map((column) => (
        <Handle
          key={`from ${column}`}
          id={`from ${column}`}
          type="source"
          position={Position.Right}
          isConnectable={false}
          className={styles.handle}
          style={{ top: rowMiddle(box, column) }}
        />
      ))}
    </div>
  );
});
