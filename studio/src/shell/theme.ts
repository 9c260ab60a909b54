import { useState } from 'react';

/** Colours: as the system has them, or one of the two for good. */
export const themes = ['system', 'light', 'dark'] as const;

/** A choice of colours. */
export type Theme = (typeof themes)[number];

const place = 'studio.theme';

/** The choice of this browser. */
export function readTheme(): Theme {
  const kept = localStorage.getItem(place);
  return themes.find((theme) => theme === kept) ?? 'system';
}

/** Puts a choice in force. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The choice, and how to change it. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(readTheme);
  return [
    theme,
    (next) => {
      localStorage.setItem(place, next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}
