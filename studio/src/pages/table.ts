import type { ComponentType } from 'react';
import { type Role, reaches } from '../data/session.ts';
import type { IconName } from '../design/icon.tsx';

/** A page of the dashboard. It is loaded when somebody opens it. */
export interface PageEntry {
  /** First part of its address; everything below it is the page's own. */
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** Least role that sees it. */
  readonly role: Role;
  /** Part of the navigation it stands in. */
  readonly group: 'project' | 'connect' | 'people';
  /** Words by which the command palette finds it besides. */
  readonly words?: string;
  /** Key that opens it after `g`. */
  readonly shortcut?: string;
  /** What the project has to have for it to be shown. */
  readonly needs?: 'graphql';
  readonly load: () => Promise<{ readonly Page: ComponentType }>;
}

/** All pages, in the order of the navigation. A page is one folder beside this file and one entry here. */
export const pages: readonly PageEntry[] = [
  {
    path: '/',
    title: 'Home',
    icon: 'home',
    role: 'read-only',
    group: 'project',
    words: 'health status services checklist',
    shortcut: 'h',
    load: () => import('./home/page.tsx'),
  },
  {
    path: '/editor',
    title: 'Tables',
    icon: 'table',
    role: 'read-only',
    group: 'project',
    words: 'table editor rows data grid filter sort csv',
    shortcut: 't',
    load: () => import('./editor/page.tsx'),
  },
  {
    path: '/sql',
    title: 'SQL editor',
    icon: 'terminal',
    role: 'read-only',
    group: 'project',
    words: 'query snippets explain plan history assistant run',
    shortcut: 's',
    load: () => import('./sql/page.tsx'),
  },
  {
    path: '/database',
    title: 'Database',
    icon: 'database',
    role: 'read-only',
    group: 'project',
    words: 'functions triggers enums extensions indexes publications roles migrations',
    shortcut: 'd',
    load: () => import('./database/page.tsx'),
  },
  {
    path: '/auth',
    title: 'Auth',
    icon: 'shield',
    role: 'read-only',
    group: 'project',
    words: 'users sign in invite ban sessions factors',
    shortcut: 'u',
    load: () => import('./auth/page.tsx'),
  },
  {
    path: '/storage',
    title: 'Storage',
    icon: 'folder',
    role: 'read-only',
    group: 'project',
    words: 'buckets files upload images signed links',
    shortcut: 'b',
    load: () => import('./storage/page.tsx'),
  },
  {
    path: '/functions',
    title: 'Functions',
    icon: 'zap',
    role: 'read-only',
    group: 'project',
    words: 'edge deno deploy secrets invocations',
    shortcut: 'f',
    load: () => import('./functions/page.tsx'),
  },
  {
    path: '/realtime',
    title: 'Realtime',
    icon: 'radio',
    role: 'read-only',
    group: 'project',
    words: 'realtime inspector channel broadcast presence database changes socket',
    shortcut: 'r',
    load: () => import('./realtime/page.tsx'),
  },
  {
    path: '/integrations',
    title: 'Integrations',
    icon: 'history',
    role: 'read-only',
    group: 'project',
    words: 'cron jobs schedule queues pgmq webhooks vault secrets pg_net',
    shortcut: 'i',
    load: () => import('./integrations/page.tsx'),
  },
  {
    path: '/advisors',
    title: 'Advisors',
    icon: 'activity',
    role: 'read-only',
    group: 'project',
    words: 'lints security performance slow queries statements indexes replication slots',
    shortcut: 'v',
    load: () => import('./advisors/page.tsx'),
  },
  {
    path: '/logs',
    title: 'Logs',
    icon: 'list',
    role: 'read-only',
    group: 'project',
    words: 'logs requests errors tail live status request id explorer',
    shortcut: 'l',
    load: () => import('./logs/page.tsx'),
  },
  {
    path: '/docs',
    title: 'API docs',
    icon: 'book',
    role: 'read-only',
    group: 'connect',
    words: 'rest openapi snippets reference',
    shortcut: 'p',
    load: () => import('./docs/page.tsx'),
  },
  {
    path: '/graphql',
    title: 'GraphQL',
    icon: 'share',
    role: 'developer',
    group: 'connect',
    words: 'graphiql query mutation schema introspection',
    shortcut: 'q',
    needs: 'graphql',
    load: () => import('./graphql/page.tsx'),
  },
  {
    path: '/connect',
    title: 'Connect',
    icon: 'plug',
    role: 'read-only',
    group: 'connect',
    words: 'connection string url api keys anon service role snippets framework',
    shortcut: 'c',
    load: () => import('./connect/page.tsx'),
  },
  {
    path: '/settings',
    title: 'Settings',
    icon: 'settings',
    role: 'read-only',
    group: 'people',
    words: 'configuration environment variables env',
    shortcut: 'e',
    load: () => import('./settings/page.tsx'),
  },
  {
    path: '/team',
    title: 'Team',
    icon: 'users',
    role: 'owner',
    group: 'people',
    words: 'operators accounts roles audit log',
    shortcut: 'm',
    load: () => import('./team/page.tsx'),
  },
  {
    path: '/account',
    title: 'Account',
    icon: 'user',
    role: 'read-only',
    group: 'people',
    words: 'password second factor totp sessions theme',
    shortcut: 'a',
    load: () => import('./account/page.tsx'),
  },
];

/** Pages that an operator is shown. @param has what the project has; undefined while that is not known */
export const pagesFor = (
  role: Role,
  has: Readonly<Partial<Record<NonNullable<PageEntry['needs']>, boolean>>> | undefined,
): readonly PageEntry[] =>
  pages.filter((page) => reaches(role, page.role) && (page.needs === undefined || has?.[page.needs] === true));

/** The page an address belongs to. */
export const pageOf = (path: string): PageEntry | undefined =>
  pages.find((page) => path === page.path || (page.path !== '/' && path.startsWith(`${page.path}/`)));
