import {
  acceptCompletion,
  type Completion,
  closeBracketsKeymap,
  completeFromList,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, historyKeymap, indentWithTab } from '@codemirror/commands';
import { PostgreSQL, type SQLNamespace, sql } from '@codemirror/lang-sql';
import { setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder as placeholderText } from '@codemirror/view';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { basics } from './basics.ts';
import styles from './editor.module.css';

/** What the editor proposes while somebody types. */
export interface SqlNames {
  /** Columns by schema and table. */
  readonly tables: Readonly<
    Record<string, Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>>
  >;
  readonly functions: readonly { readonly name: string; readonly about: string }[];
  /** Columns that are proposed without their table's name, where all tables have them. */
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
}

/** What can be asked of an editor that is on the page. */
export interface SqlEditorHandle {
  /** What is selected; empty: only where the cursor is. */
  selection(): { readonly from: number; readonly to: number };
  focus(): void;
}

/** What is marked as wrong. */
export interface Mark {
  readonly at: number;
  readonly message: string;
}

interface SqlEditorProps {
  readonly label: string;
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly names?: SqlNames | undefined;
  readonly mark?: Mark | undefined;
  readonly placeholder?: string;
  /** Ctrl+Enter; with Shift for the statement at the cursor alone. */
  readonly onRun?: (statementOnly: boolean) => void;
  /** Ctrl+S. */
  readonly onSave?: () => void;
  readonly readOnly?: boolean;
  /** Lines of height: of the text where it is not `fill`. */
  readonly fill?: boolean;
  readonly ref?: Ref<SqlEditorHandle>;
}

/** An editor of SQL: colours, completion of what the database has, several cursors, search. Escape and then Tab leaves it. */
export function SqlEditor(props: SqlEditorProps) {
  const { label, value, names, mark, readOnly = false, fill = false, placeholder = '', ref } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const language = useRef(new Compartment());
  const writing = useRef(new Compartment());
  const latest = useRef(props);
  latest.current = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; what changes later goes in by the effects below
  useEffect(() => {
    const parent = host.current;
    if (!parent) return;
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          basics(label),
          highlightSelectionMatches(),
          placeholderText(placeholder),
          language.current.of(languageOf(names)),
          writing.current.of(readingOf(readOnly)),
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => told(latest.current.onRun, false),
              shift: () => told(latest.current.onRun, true),
            },
            { key: 'Mod-s', run: () => told(latest.current.onSave, undefined), preventDefault: true },
            { key: 'Tab', run: acceptCompletion },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...completionKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = undefined;
      editor.destroy();
    };
  }, [label]);

  useEffect(() => {
    const editor = view.current;
    const current = editor?.state.doc.toString();
    if (editor && current !== value) editor.dispatch({ changes: { from: 0, to: current?.length ?? 0, insert: value } });
  }, [value]);
  useEffect(() => view.current?.dispatch({ effects: language.current.reconfigure(languageOf(names)) }), [names]);
  useEffect(() => view.current?.dispatch({ effects: writing.current.reconfigure(readingOf(readOnly)) }), [readOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const from = Math.min(mark?.at ?? 0, editor.state.doc.length);
    const word = editor.state.wordAt(from);
    const to = word?.to ?? Math.min(from + 1, editor.state.doc.length);
    editor.dispatch(setDiagnostics(editor.state, mark ? [{ from, to, severity: 'error', message: mark.message }] : []));
  }, [mark]);
  useImperativeHandle(ref, () => ({
    selection() {
      const { from = 0, to = 0 } = view.current?.state.selection.main ?? {};
      return { from, to };
    },
    focus: () => view.current?.focus(),
  }));
  return <div ref={host} className={fill ? styles.fill : styles.editor} />;
}

function told<A>(what: ((argument: A) => void) | undefined, argument: A): boolean {
  what?.(argument);
  return what !== undefined;
}

const readingOf = (readOnly: boolean): Extension =>
  readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(true)] : [];

function languageOf(names: SqlNames | undefined): Extension {
  const schema: Record<string, SQLNamespace> = {};
  for (const [name, tables] of Object.entries(names?.tables ?? {}))
    schema[name] = Object.fromEntries(
      Object.entries(tables).map(([table, columns]) => [
        table,
        columns.map<Completion>(({ name: label, type }) => ({ label, detail: type, type: 'property' })),
      ]),
    );
  const support = sql({ dialect: PostgreSQL, schema, defaultSchema: 'public' });
  const functions = (names?.functions ?? []).map<Completion>(({ name: label, about }) => ({
    label,
    detail: about,
    type: 'function',
    apply: `${label}(`,
  }));
  const columns = (names?.columns ?? []).map<Completion>(({ name: label, type }) => ({
    label,
    detail: type,
    type: 'property',
  }));
  return [support, support.language.data.of({ autocomplete: completeFromList([...columns, ...functions]) })];
}
