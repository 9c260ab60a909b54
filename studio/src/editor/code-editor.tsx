import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { colours, look } from './look.ts';

interface CodeEditorProps {
  readonly label: string;
  /** Its ending says the language. */
  readonly path: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly onChange: (value: string) => void;
  /** Ctrl+S. */
  readonly onSave: () => void;
}

/** An editor of TypeScript and JavaScript, and of plain text besides. Escape and then Tab leaves it. */
export function CodeEditor(props: CodeEditorProps) {
  const { label, path, value, readOnly } = props;
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
          // What the editor brings of styles is let in by the page's nonce.
          EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? ''),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          EditorState.readOnly.of(readOnly),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          EditorView.lineWrapping,
          closeBrackets(),
          highlightActiveLine(),
          look,
          syntaxHighlighting(colours),
          languageOf(path),
          keymap.of([
            {
              key: 'Mod-s',
              preventDefault: true,
              run() {
                latest.current.onSave();
                return true;
              },
            },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
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
  }, [label, path, readOnly]);

  useEffect(() => {
    const editor = view.current;
    const current = editor?.state.doc.toString();
    if (editor && current !== value) editor.dispatch({ changes: { from: 0, to: current?.length ?? 0, insert: value } });
  }, [value]);
  return <div ref={host} style={{ height: '100%' }} />;
}

function languageOf(path: string): Extension {
  const ending = /\.([mc]?[jt]sx?|jsonc?)$/.exec(path)?.[1];
  if (ending === undefined) return [];
  return javascript({ typescript: ending.includes('t'), jsx: ending.endsWith('x') });
}
