import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { classes } from './classes.ts';
import { Icon, type IconName } from './icon.tsx';
import styles from './menu.module.css';

/** An entry of a menu; `line` puts a line above it. */
export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  readonly line?: boolean;
  readonly disabled?: boolean;
  readonly onSelect: () => void;
}

interface TriggerProps {
  readonly 'aria-haspopup': 'menu';
  readonly 'aria-expanded': boolean;
  readonly 'aria-controls': string | undefined;
  readonly onClick: (event: { readonly currentTarget: HTMLElement }) => void;
}

/** A menu that a button opens. @param trigger draws the button with the properties it is given */
export function Menu({
  label,
  items,
  trigger,
}: {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly trigger: (props: TriggerProps) => ReactNode;
}) {
  const [anchor, setAnchor] = useState<HTMLElement>();
  const id = useId();
  const close = (back: boolean) => {
    setAnchor(undefined);
    if (back) anchor?.focus();
  };
  return (
    <>
      {trigger({
        'aria-haspopup': 'menu',
        'aria-expanded': anchor !== undefined,
        'aria-controls': anchor && id,
        onClick: ({ currentTarget }) => setAnchor(anchor ? undefined : currentTarget),
      })}
      {anchor && <MenuList id={id} label={label} items={items} anchor={anchor} onClose={close} />}
    </>
  );
}

function MenuList({
  id,
  label,
  items,
  anchor,
  onClose,
}: {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly anchor: HTMLElement;
  readonly onClose: (back: boolean) => void;
}) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const menu = ref.current;
    if (!menu) return;
    menu.showPopover();
    const at = anchor.getBoundingClientRect();
    const { width, height } = menu.getBoundingClientRect();
    const below = at.bottom + 4 + height <= innerHeight;
    menu.style.top = `${Math.max(4, below ? at.bottom + 4 : at.top - 4 - height)}px`;
    menu.style.left = `${Math.max(4, Math.min(at.left, innerWidth - width - 4))}px`;
    menu.querySelector<HTMLElement>('[role=menuitem]:not(:disabled)')?.focus();
  }, [anchor]);

  function onKeyDown(event: KeyboardEvent): void {
    const entries = [...(ref.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? [])];
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const target: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 };
    const next = target[event.key];
    if (next !== undefined) {
      event.preventDefault();
      entries.at(next % entries.length)?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      if (event.key === 'Escape') event.preventDefault();
      event.stopPropagation();
      onClose(event.key === 'Escape');
    } else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      const rotated = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
      rotated.find((entry) => entry.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
    }
  }

  return (
    <div
      ref={ref}
      id={id}
      popover="auto"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      className={styles.menu}
      onKeyDown={onKeyDown}
      onToggle={(event) => {
        if (event.newState === 'closed') onClose(false);
      }}
    >
      {items.map(({ label: text, icon, danger, line, disabled, onSelect }) => (
        <div key={text} role="none">
          {line && <hr className={styles.line} />}
          <button
            type="button"
            role="menuitem"
            disabled={disabled}
            className={classes(styles.item, danger && styles.danger)}
            onClick={() => {
              onClose(true);
              onSelect();
            }}
          >
            {icon && <Icon name={icon} />}
            {text}
          </button>
        </div>
      ))}
    </div>
  );
}
