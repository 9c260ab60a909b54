import { useEffect, useRef } from 'react';
import type { PageEntry } from '../pages/table.ts';

/** Whether the keyboard has a Command key. */
export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Time in which a page's key has to follow the `g`, in milliseconds. */
const patience = 1_000;

/** `Ctrl K` (`⌘K`) opens the palette; `g` and then a page's key opens the page, outside of fields. */
export function useShortcuts(
  pages: readonly PageEntry[],
  { go, openPalette }: { readonly go: (path: string) => void; readonly openPalette: () => void },
): void {
  const latest = useRef({ pages, go, openPalette });
  latest.current = { pages, go, openPalette };
  useEffect(() => {
    let wentAt = 0;
    function onKeyDown(event: KeyboardEvent): void {
      const { pages: known, go: open, openPalette: search } = latest.current;
      if (
        (isApple ? event.metaKey : event.ctrlKey) &&
        event.key.toLowerCase() === 'k' &&
        !event.shiftKey &&
        !event.altKey
      ) {
        event.preventDefault();
        search();
        return;
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('dialog[open]')
      )
        return;
      if (event.key === 'g') wentAt = event.timeStamp;
      else {
        const page = known.find(({ shortcut }) => shortcut === event.key);
        if (page && wentAt > 0 && event.timeStamp - wentAt < patience) open(page.path);
        wentAt = 0;
      }
    }
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
