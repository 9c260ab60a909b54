import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useSignIn } from '../data/session.ts';
import { Icon } from '../design/icon.tsx';
import { useToasts } from '../design/toast.tsx';
import type { PageEntry } from '../pages/table.ts';
import { type Command, findCommands } from './commands.ts';
import styles from './palette.module.css';
import { useTheme } from './theme.ts';

/** Everything one can go to or do, found by typing (a combobox with a list, after the ARIA pattern). */
export function Palette({ pages, onClose }: { readonly pages: readonly PageEntry[]; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(pages);
  const found = useMemo(() => findCommands(commands, text), [commands, text]);
  const chosen = found[Math.min(at, found.length - 1)];

  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);

  function run(command: Command): void {
    onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + found.length,
      Home: 0,
      End: found.length - 1,
    };
    const next = moves[event.key];
    if (next !== undefined && found.length > 0) {
      event.preventDefault();
      setAt(next % found.length);
      document.getElementById(`${id}-${found[next % found.length]?.id}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && chosen) {
      event.preventDefault();
      run(chosen);
    }
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it; the keyboard has Escape
    <dialog
      ref={dialog}
      className={styles.palette}
      aria-label="Search"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <input
        className={styles.input}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen && `${id}-${chosen.id}`}
        aria-label="Search pages and commands"
        placeholder="Go to a page or do something…"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label="Found" className={styles.list}>
        {found.map((command) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            role="option"
            aria-selected={command === chosen}
            className={styles.option}
            onClick={() => run(command)}
            onPointerMove={() => setAt(found.indexOf(command))}
          >
            <Icon name={command.icon} />
            {command.title}
            {command.about && <small>{command.about}</small>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={styles.none}>Nothing is called that.</p>}
    </dialog>
  );
}

function useCommands(pages: readonly PageEntry[]): readonly Command[] {
  const [, go] = useLocation();
  const [, setTheme] = useTheme();
  const { signOut } = useSignIn();
  const toasts = useToasts();
  const commands: Command[] = pages.map(({ path, title, icon, words, shortcut }) => ({
    id: `page-${path.slice(1) || 'home'}`,
    title,
    icon,
    ...(words && { words }),
    ...(shortcut && { about: `g ${shortcut}` }),
    run: () => go(path),
  }));
  return [
    ...commands,
    { id: 'light', title: 'Light colours', icon: 'sun', words: 'theme mode', run: () => setTheme('light') },
    { id: 'dark', title: 'Dark colours', icon: 'moon', words: 'theme mode', run: () => setTheme('dark') },
    {
      id: 'system',
      title: 'Colours of the system',
      icon: 'monitor',
      words: 'theme mode',
      run: () => setTheme('system'),
    },
    { id: 'out', title: 'Sign out', icon: 'exit', words: 'log out', run: () => void signOut().catch(toasts.failed) },
  ];
}
