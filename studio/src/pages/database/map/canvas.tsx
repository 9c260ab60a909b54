import '@xyflow/react/dist/base.css';
import {
  type Edge,
  MarkerType,
  MiniMap,
  type NodeChange,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useNodesState,
  useReactFlow,
} from '@xyflow/react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { IconButton } from '../../../design/button.tsx';
import { Input, Select } from '../../../design/field.tsx';
import { useToasts } from '../../../design/toast.tsx';
import type { MapTable } from '../../../sql/schema-map.ts';
import { ExportMenu } from './export-menu.tsx';
import { keep, keptUnder, readKept } from './kept.ts';
import { arrange, boxesOf, boxId, type Place, sizes } from './layout.ts';
import styles from './map.module.css';
import { TableNode, type TableNodeType } from './table-node.tsx';

interface CanvasProps {
  readonly schema: string;
  readonly schemas: readonly string[];
  readonly tables: readonly MapTable[];
  readonly chosen: string | undefined;
  readonly onShow: (next: { readonly schema?: string; readonly table?: string | undefined }) => void;
  readonly empty: ReactNode;
}

/** The map with its bar. */
export const Canvas = (props: CanvasProps) => (
  <ReactFlowProvider>
    <Drawn {...props} />
  </ReactFlowProvider>
);

// So few are seen at a glance; an overview would only hide some of them.
const fewBoxes = 20;
const nodeTypes = { table: TableNode };

function Drawn({ schema, schemas, tables, chosen, onShow, empty }: CanvasProps) {
  const flow = useReactFlow<TableNodeType>();
  const toasts = useToasts();
  const [, go] = useLocation();
  const [kept, setKept] = useState(() => readKept(localStorage.getItem(keptUnder(schema))));
  const { boxes, lines } = useMemo(() => boxesOf(schema, tables), [schema, tables]);
  const laidOut = useMemo(() => arrange(boxes, lines), [boxes, lines]);
  const chosenId = chosen === undefined ? undefined : boxId(schema, chosen);
  const [nodes, setNodes, onNodesChange] = useNodesState<TableNodeType>([]);
  const edges = useMemo(
    () =>
      lines.map<Edge>((line) => {
        const marked = chosenId !== undefined && (line.from === chosenId || line.to === chosenId);
        return {
          id: line.id,
          source: line.from,
          target: line.to,
          sourceHandle: `from ${line.fromColumn}`,
          targetHandle: `to ${line.toColumn}`,
          focusable: false,
          selectable: false,
          ariaLabel: line.name,
          markerEnd: {
            type: MarkerType.Arrow,
            width: 16,
            height: 16,
            color: marked ? 'var(--accent)' : 'var(--line-strong)',
          },
          ...(marked && { className: styles.marked as string, zIndex: 1 }),
        };
      }),
    [lines, chosenId],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: drags are in the nodes already; only another schema or list makes them anew
  useEffect(() => {
    setNodes(
      boxes.map<TableNodeType>((box) => ({
        id: box.id,
        type: 'table',
        position: kept[box.id] ?? laidOut.get(box.id) ?? { x: 0, y: 0 },
        width: sizes.width,
        height: box.height,
        selected: box.id === chosenId,
        ariaLabel: `Table ${box.table.name}, ${box.table.columns.length} columns. Enter chooses it.`,
        data: {
          box,
          from: [...new Set(lines.filter(({ from }) => from === box.id).map(({ fromColumn }) => fromColumn))],
          to: [...new Set(lines.filter(({ to }) => to === box.id).map(({ toColumn }) => toColumn))],
          refers: box.table.references.flatMap(({ columns }) => columns),
        },
      })),
    );
  }, [boxes, lines, laidOut]);

  const focus = (id: string) => void flow.fitView({ nodes: [{ id }], maxZoom: 1, padding: 0.6, duration: 200 });
  function choose(table: string): void {
    onShow({ table });
    const id = boxId(schema, table);
    setNodes((all) => all.map((node) => ({ ...node, selected: node.id === id })));
    focus(id);
  }
  function store(next: typeof kept): void {
    setKept(next);
    try {
      localStorage.setItem(keptUnder(schema), JSON.stringify(next));
    } catch {
      toasts.failed(new Error('This browser keeps no more; the places hold until the page is left'));
    }
  }
  // By mouse, when it is let go, and by the arrow keys.
  function storeMoves(changes: readonly NodeChange<TableNodeType>[]): void {
    const ids = new Set(boxes.map(({ id }) => id));
    const moved = changes.flatMap((change) =>
      change.type === 'position' && change.position && !change.dragging ? [{ id: change.id, to: change.position }] : [],
    );
    if (moved.length > 0) store(moved.reduce((all, { id, to }) => keep(all, id, to, ids), kept));
  }
  function layOutAnew(): void {
    store({});
    setNodes((all) => all.map((node) => ({ ...node, position: laidOut.get(node.id) ?? node.position })));
    requestAnimationFrame(() => void flow.fitView({ duration: 200 }));
  }
  const places = (): ReadonlyMap<string, Place> => new Map(nodes.map(({ id, position }) => [id, position]));

  return (
    <>
      <div className={styles.bar}>
        <Select
          aria-label="Schema"
          value={schema}
          onChange={({ currentTarget }) => onShow({ schema: currentTarget.value })}
        >
          {schemas.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
        <Find tables={tables} onChoose={choose} />
        <span className={styles.end} />
        <IconButton icon="refresh" label="Lay out anew" onClick={layOutAnew} />
        <ExportMenu schema={schema} tables={tables} boxes={boxes} lines={lines} places={places} />
      </div>
      {tables.length === 0 ? (
        empty
      ) : (
        <section className={styles.canvas} aria-label={`Map of ${schema}`}>
          <ReactFlow<TableNodeType>
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            onNodesChange={(changes) => {
              onNodesChange(changes);
              storeMoves(changes);
            }}
            onNodeClick={({ target }, { data: { box } }) => {
              // The name is a link, which leads elsewhere.
              if ((target as Element).closest('a') === null)
                onShow({ table: box.outside ? undefined : box.table.name });
            }}
            onNodeDoubleClick={(_, { data: { box } }) =>
              go(`/editor/${encodeURIComponent(box.schema)}/${encodeURIComponent(box.table.name)}`)
            }
            onPaneClick={() => onShow({})}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              const box = boxes.find(({ id }) => id === (event.target as HTMLElement).dataset.id);
              if (box && !box.outside) onShow({ table: box.table.name });
            }}
            nodesConnectable={false}
            deleteKeyCode={null}
            zoomOnDoubleClick={false}
            minZoom={0.03}
            maxZoom={1.5}
            fitView
            fitViewOptions={{ maxZoom: 1, padding: 0.08, ...(chosenId !== undefined && { nodes: [{ id: chosenId }] }) }}
            onlyRenderVisibleElements
          >
            <Panel position="bottom-left">
              <div className={styles.controls}>
                <IconButton small icon="plus" label="Closer" onClick={() => void flow.zoomIn()} />
                <IconButton small icon="minus" label="Farther" onClick={() => void flow.zoomOut()} />
                <IconButton small icon="expand" label="Show all" onClick={() => void flow.fitView({ duration: 200 })} />
              </div>
            </Panel>
            {boxes.length > fewBoxes && <MiniMap pannable zoomable ariaLabel="Overview" />}
          </ReactFlow>
        </section>
      )}
    </>
  );
}

function Find({
  tables,
  onChoose,
}: {
  readonly tables: readonly MapTable[];
  readonly onChoose: (table: string) => void;
}) {
  const [text, setText] = useState('');
  const find = (typed: string, whole: boolean): void => {
    const wanted = typed.toLowerCase();
    const found =
      tables.find(({ name }) => name === typed) ??
      (whole ? undefined : tables.find(({ name }) => name.toLowerCase().includes(wanted)));
    if (found && wanted !== '') onChoose(found.name);
  };
  return (
    <>
      <Input
        type="search"
        list="map-tables"
        aria-label="Find a table"
        placeholder="Find a table…"
        value={text}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value);
          find(currentTarget.value, true);
        }}
        onKeyDown={({ key }) => {
          if (key === 'Enter') find(text, false);
        }}
      />
      <datalist id="map-tables">
        {tables.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
