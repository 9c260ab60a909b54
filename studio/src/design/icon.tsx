/** Outlines on a grid of 24, drawn with a line of 1.75. */
const outlines = {
  home: 'M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z',
  table: 'M4 5h16v14H4zM4 10h16M10 10v9',
  terminal: 'm5 7 5 5-5 5M12 18h7',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  key: 'M15.5 3.500a5 5 0 1 1-3.2 8.800L5 19.600V21H3v-3l7.7-7.700a5 5 0 0 1 4.8-6.800zM16.5 7.500h.01',
  users:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.300a3.5 3.5 0 0 1 0 6.400M18 14a6.5 6.5 0 0 1 3.5 6',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.500a7.5 7.5 0 0 1 15 0',
  shield: 'M12 3l7.5 2.500V11c0 5-3 8.3-7.5 10-4.5-1.7-7.5-5-7.5-10V5.500z',
  database:
    'M4.5 6c0-1.7 3.4-3 7.5-3s7.5 1.3 7.5 3-3.4 3-7.5 3-7.5-1.3-7.5-3zM4.5 6v12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3',
  folder: 'M3 6a1 1 0 0 1 1-1h5l2 2.500h9a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z',
  zap: 'M13 3 5 13.500h6L10 21l8-10.500h-6z',
  activity: 'M3 12h4l3-8 4 16 3-8h4',
  radio:
    'M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM8 16a5.7 5.7 0 0 1 0-8M16 8a5.7 5.7 0 0 1 0 8M5 19a9.9 9.9 0 0 1 0-14M19 5a9.9 9.9 0 0 1 0 14',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4',
  moon: 'M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500z',
  monitor: 'M3.5 5h17v11h-17zM9 20h6M12 16v4',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  check: 'm5 12.5 4.5 4.500L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  expand: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  pencil: 'M4 20h4L19.5 8.500l-4-4L4 16zM13 7l4 4',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  'eye-off':
    'M4 4l16 16M9.5 5.900A9 9 0 0 1 12 5.500c6 0 9.5 6.5 9.5 6.500a17 17 0 0 1-3 3.700M6.3 7.600A16 16 0 0 0 2.5 12S6 18.5 12 18.500c1.5 0 2.9-.4 4.1-1M10 10a3 3 0 0 0 4 4',
  'chevron-down': 'm6 9 6 6 6-6',
  'chevron-right': 'm9 6 6 6-6 6',
  'chevron-left': 'm15 6-6 6 6 6',
  menu: 'M4 7h16M4 12h16M4 17h16',
  exit: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  play: 'M7 4.500v15l12-7.500z',
  stop: 'M6 6h12v12H6z',
  refresh: 'M20 11a8 8 0 1 0-1.5 6M20 4.500V11h-6',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  upload: 'M12 16V5M7 9l5-5 5 5M4 20h16',
  filter: 'M4 6h16M7 12h10M10 18h4',
  sort: 'M7 4v16M3.5 16.5 7 20l3.5-3.500M17 20V4M13.5 7.5 17 4l3.5 3.5',
  'arrow-up': 'M12 20V4M6 10l6-6 6 6',
  'arrow-down': 'M12 4v16M6 14l6 6 6-6',
  alert: 'M12 3.5 2.5 20h19zM12 10v4.500M12 17.500h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  external: 'M13 4h7v7M20 4l-9 9M10 5H4v15h15v-6',
  undo: 'M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  history: 'M4 12a8 8 0 1 0 2.5-5.800M4 4v4.500h4.500M12 8v4.500l3 2',
  columns: 'M4 5h16v14H4zM12 5v14',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  book: 'M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM19 4h-6M13 6a2 2 0 0 1 2-2h5v14h-5a2 2 0 0 0-2 2',
  share:
    'M6 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM17.500 8.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM17.500 20.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8.200 10.800l7.200-3.700M8.200 13.200l7.200 3.700',
  mail: 'M3.5 6h17v12h-17zM3.5 7l8.5 6.500L20.5 7',
} as const;

/** Name of an icon. */
export type IconName = keyof typeof outlines;

/** An icon beside words that say the same; it is hidden from screen readers. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={outlines[name]} />
    </svg>
  );
}
