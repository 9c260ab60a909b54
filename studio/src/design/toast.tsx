import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import { classes } from './classes.ts';
import styles from './toast.module.css';

interface Shown {
  readonly id: number;
  readonly text: string;
  readonly kind: 'done' | 'error';
}

interface Toasts {
  /** Says that something worked; it goes by itself. */
  readonly done: (text: string) => void;
  /** Says that something failed; it stays until it is closed. */
  readonly failed: (error: unknown) => void;
}

const Context = createContext<Toasts>({ done: () => {}, failed: () => {} });

/** How a view says that something it did worked or failed. */
export const useToasts = (): Toasts => useContext(Context);

const life = 4_000;
const most = 4;

/** Holds the messages of everything below it. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const next = useRef(0);
  const stack = useRef<HTMLDivElement>(null);
  const close = useCallback((id: number) => setShown((all) => all.filter((each) => each.id !== id)), []);
  const toasts = useMemo<Toasts>(() => {
    const add = (kind: Shown['kind'], text: string): number => {
      const id = next.current++;
      setShown((all) => [...all.slice(1 - most), { id, text, kind }]);
      return id;
    };
    return {
      done(text) {
        const id = add('done', text);
        setTimeout(() => close(id), life);
      },
      failed: (error) => void add('error', error instanceof Error ? error.message : String(error)),
    };
  }, [close]);
  // In the top layer, anew each time: above a dialog that opened meanwhile.
  useEffect(() => {
    const element = stack.current;
    if (!element) return;
    if (element.matches(':popover-open')) element.hidePopover();
    if (shown.length > 0) element.showPopover();
  }, [shown]);
  return (
    <Context value={toasts}>
      {children}
      <div ref={stack} popover="manual" className={styles.stack} role="status" aria-live="polite">
        {shown.map(({ id, text, kind }) => (
          <div key={id} className={classes(styles.toast, kind === 'error' && styles.error)}>
            <span className={styles.text}>{text}</span>
            <IconButton small icon="close" label="Dismiss" onClick={() => close(id)} />
          </div>
        ))}
      </div>
    </Context>
  );
}
