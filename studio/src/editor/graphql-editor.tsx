import { acceptCompletion, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, historyKeymap, indentWithTab } from '@codemirror/commands';
import { searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { graphql, updateSchema } from 'cm6-graphql';
import { useEffect, useRef } from 'react';
import { basics } from './basics.ts';
import styles from './editor.module.css';

interface GraphqlEditorProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What it completes from and holds the text against; undefined until it is known. */
  readonly schema: Parameters<typeof graphql>[0];
  /** Ctrl+Enter. */
  readonly onRun: () => void;
}

/** An editor of GraphQL: completion and mistakes by the schema. Escape and then Tab leaves it. */
export function GraphqlEditor(props: GraphqlEditorProps) {
  const { label, value, schema } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const parent = host.current;
    if (!parent) return;
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          basics(label),
          placeholder('{ … }'),
          graphql(latest.current.schema),
          keymap.of([
            {
              key: 'Mod-Enter',
              run() {
                latest.current.onRun();
                return true;
              },
            },
            { key: 'Tab', run: acceptCompletion },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...completionKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
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
  useEffect(() => {
    if (view.current) updateSchema(view.current, schema);
  }, [schema]);
  return <div ref={host} className={styles.fill} />;
}
