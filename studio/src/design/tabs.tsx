import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import styles from './tabs.module.css';

/** One tab: its key, what it says, and what it shows. */
export interface Tab<K extends string> {
  readonly key: K;
  readonly label: string;
  readonly content: () => ReactNode;
}

/** Tabs after the ARIA pattern: arrows move, one tab stop. Only the chosen one's content is drawn. */
export function Tabs<K extends string>({
  label,
  tabs,
  value,
  onChange,
  fill = false,
}: {
  readonly label: string;
  readonly tabs: readonly Tab<K>[];
  readonly value: K;
  readonly onChange: (key: K) => void;
  /** True: as high as what it stands in, and the content scrolls by itself. */
  readonly fill?: boolean;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const chosen = tabs.find(({ key }) => key === value) ?? tabs[0];

  function onKeyDown(event: KeyboardEvent): void {
    const at = tabs.findIndex(({ key }) => key === chosen?.key);
    const target: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const next = target[event.key];
    const tab = next === undefined ? undefined : tabs.at(next % tabs.length);
    if (!tab) return;
    event.preventDefault();
    onChange(tab.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${tab.key}"]`)?.focus();
  }

  return (
    <div className={fill ? styles.fill : undefined}>
      <div ref={list} role="tablist" aria-label={label} className={styles.list} onKeyDown={onKeyDown}>
        {tabs.map(({ key, label: text }) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${id}-${key}`}
            data-key={key}
            aria-selected={key === chosen?.key}
            aria-controls={`${id}-panel`}
            tabIndex={key === chosen?.key ? 0 : -1}
            className={styles.tab}
            onClick={() => onChange(key)}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen?.key}`} className={styles.panel}>
        {chosen?.content()}
      </div>
    </div>
  );
}
