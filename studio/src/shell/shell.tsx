import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useProject } from '../data/project.ts';
import { reaches, useSession } from '../data/session.ts';
import { buttonClass, IconButton } from '../design/button.tsx';
import { Drawer } from '../design/dialog.tsx';
import { PageLayout } from '../design/layout.tsx';
import { EmptyState, Skeleton } from '../design/states.tsx';
import { type PageEntry, pageOf, pages, pagesFor } from '../pages/table.ts';
import { Navigation } from './navigation.tsx';
import { PageBoundary } from './page-boundary.tsx';
import { Palette } from './palette.tsx';
import styles from './shell.module.css';
import { useShortcuts } from './shortcuts.ts';

const components = new Map(
  pages.map((page) => [page.path, lazy(async () => ({ default: (await page.load()).Page }))] as const),
);

/** Navigation and palette around the page of the address. */
export function Shell() {
  const session = useSession();
  const [path, go] = useLocation();
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const main = useRef<HTMLElement>(null);
  const project = useProject();
  const visible = useMemo(() => pagesFor(session.role, project.data), [session.role, project.data]);
  const page = pageOf(path);
  // The page of something that is not there says so itself.
  const shown = page && reaches(session.role, page.role) ? page : undefined;

  useShortcuts(visible, { go, openPalette: () => setPalette(true) });
  useEffect(() => {
    document.title = `${shown?.title ?? 'Not found'} · ${session.project}`;
    setDrawer(false);
    main.current?.scrollTo(0, 0);
  }, [shown, session.project]);

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <aside className={styles.side}>
        <Navigation pages={visible} current={shown} onSearch={() => setPalette(true)} />
      </aside>
      <div className={styles.bar}>
        <IconButton icon="menu" label="Navigation" onClick={() => setDrawer(true)} />
        <span>{shown?.title ?? session.project}</span>
        <IconButton icon="search" label="Search" onClick={() => setPalette(true)} />
      </div>
      {drawer && (
        <Drawer label="Navigation" onClose={() => setDrawer(false)}>
          <Navigation
            pages={visible}
            current={shown}
            onSearch={() => {
              setDrawer(false);
              setPalette(true);
            }}
          />
        </Drawer>
      )}
      <main ref={main} id="content" className={styles.main} tabIndex={-1}>
        <PageBoundary key={shown?.path}>
          <Suspense
            fallback={
              <PageLayout title={shown?.title ?? ''}>
                <Skeleton />
              </PageLayout>
            }
          >
            {shown ? <PageOf page={shown} /> : <NotFound />}
          </Suspense>
        </PageBoundary>
      </main>
      {palette && <Palette pages={visible} onClose={() => setPalette(false)} />}
    </div>
  );
}

function PageOf({ page }: { readonly page: PageEntry }) {
  const Page = components.get(page.path);
  return Page ? <Page /> : <NotFound />;
}

function NotFound() {
  return (
    <EmptyState
      icon="search"
      title="There is no such page"
      actions={
        <Link href="/" className={buttonClass('secondary')}>
          Home
        </Link>
      }
    >
      The address may be mistyped, or your role does not show it.
    </EmptyState>
  );
}
