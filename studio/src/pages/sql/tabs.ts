/** A text in the editor. */
export interface SqlTab {
  readonly id: number;
  readonly sql: string;
  /** Where it is kept; undefined: nowhere but in this browser. */
  readonly path?: string;
  /** What is kept there, as far as known. */
  readonly kept?: string;
}

/** All texts, at least one. */
export interface Tabs {
  readonly tabs: readonly SqlTab[];
  readonly active: number;
  /** Number of the next one. */
  readonly next: number;
}

/** What can be done to them. */
export type TabAction =
  | { readonly kind: 'choose'; readonly id: number }
  | { readonly kind: 'new'; readonly sql: string }
  | { readonly kind: 'open'; readonly path: string; readonly sql: string }
  | { readonly kind: 'edit'; readonly sql: string }
  | { readonly kind: 'kept'; readonly id: number; readonly path: string; readonly sql: string }
  | { readonly kind: 'moved'; readonly from: string; readonly to: string | undefined }
  | { readonly kind: 'close'; readonly id: number };

/** At most so many; the one open longest goes. */
const most = 40;

/** One empty text. */
export const noTabs: Tabs = { tabs: [{ id: 1, sql: '' }], active: 1, next: 2 };

/** The tab in view. */
export const activeOf = ({ tabs, active }: Tabs): SqlTab => (tabs.find(({ id }) => id === active) ?? tabs[0]) as SqlTab;

/** Whether something would be lost with it. */
export const isUnsaved = ({ sql, path, kept }: SqlTab): boolean =>
  path === undefined ? sql.trim() !== '' : sql !== kept;

/** What it is called. */
export const titleOf = ({ path, sql, id }: SqlTab): string =>
  path?.split('/').at(-1) ?? (/^\s*--\s*(\S.{0,30})/.exec(sql)?.[1]?.trim() || `Query ${id}`);

/** The tabs after an action. */
export function tabbed(state: Tabs, action: TabAction): Tabs {
  const { tabs, active, next } = state;
  const change = (id: number, part: Partial<SqlTab>) => tabs.map((tab) => (tab.id === id ? { ...tab, ...part } : tab));
  const add = (tab: Omit<SqlTab, 'id'>): Tabs => {
    const current = activeOf(state);
    // An empty sheet is written on before another is taken.
    const room =
      current.path === undefined && current.sql.trim() === '' ? tabs.filter(({ id }) => id !== current.id) : tabs;
    return { tabs: [...room.slice(1 - most), { ...tab, id: next }], active: next, next: next + 1 };
  };
  switch (action.kind) {
    case 'choose':
      return { ...state, active: action.id };
    case 'new':
      return action.sql === ''
        ? { tabs: [...tabs.slice(1 - most), { id: next, sql: '' }], active: next, next: next + 1 }
        : add({ sql: action.sql });
    case 'open': {
      const known = tabs.find(({ path }) => path === action.path);
      if (!known) return add({ sql: action.sql, path: action.path, kept: action.sql });
      // What was changed here and not saved is not thrown away.
      const fresh = isUnsaved(known) ? { kept: action.sql } : { sql: action.sql, kept: action.sql };
      return { ...state, tabs: change(known.id, fresh), active: known.id };
    }
    case 'edit':
      return { ...state, tabs: change(activeOf(state).id, { sql: action.sql }) };
    case 'kept':
      return { ...state, tabs: change(action.id, { path: action.path, kept: action.sql }) };
    case 'moved':
      return {
        ...state,
        tabs: tabs.map(({ path, kept, ...tab }) => {
          if (path !== action.from)
            return { ...tab, ...(path !== undefined && { path, ...(kept !== undefined && { kept }) }) };
          return action.to === undefined ? tab : { ...tab, path: action.to, ...(kept !== undefined && { kept }) };
        }),
      };
    case 'close': {
      const at = tabs.findIndex(({ id }) => id === action.id);
      const left = tabs.filter(({ id }) => id !== action.id);
      if (left.length === 0) return { tabs: [{ id: next, sql: '' }], active: next, next: next + 1 };
      return {
        ...state,
        tabs: left,
        active: active === action.id ? (left[Math.min(at, left.length - 1)] as SqlTab).id : active,
      };
    }
  }
}

/** Reads tabs that were stored; what is not understood is left out. */
export function readTabs(text: string | null): Tabs {
  try {
    const stored = JSON.parse(text ?? 'null') as Partial<Tabs> | null;
    const tabs = (Array.isArray(stored?.tabs) ? (stored.tabs as SqlTab[]) : [])
      .filter(({ id, sql }) => Number.isSafeInteger(id) && typeof sql === 'string')
      .slice(-most);
    if (tabs.length === 0) return noTabs;
    const next = Math.max(0, ...tabs.map(({ id }) => id)) + 1;
    return { tabs, active: activeOf({ tabs, active: Number(stored?.active), next }).id, next };
  } catch {
    return noTabs;
  }
}
