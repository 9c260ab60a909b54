import { Link } from 'wouter';
import { useSession, useSignIn } from '../data/session.ts';
import { IconButton } from '../design/button.tsx';
import { Icon, type IconName } from '../design/icon.tsx';
import { Menu } from '../design/menu.tsx';
import { useToasts } from '../design/toast.tsx';
import logo from '../icon.svg';
import type { PageEntry } from '../pages/table.ts';
import styles from './navigation.module.css';
import { isApple } from './shortcuts.ts';
import { type Theme, themes, useTheme } from './theme.ts';

const groups = ['project', 'connect', 'people'] as const satisfies readonly PageEntry['group'][];
const themeIcons: Readonly<Record<Theme, IconName>> = { system: 'monitor', light: 'sun', dark: 'moon' };
const themeNames: Readonly<Record<Theme, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' };

/** The pages there are for this operator, and who that is. */
export function Navigation({
  pages,
  current,
  onSearch,
}: {
  readonly pages: readonly PageEntry[];
  readonly current: PageEntry | undefined;
  readonly onSearch: () => void;
}) {
  const session = useSession();
  const { signOut } = useSignIn();
  const toasts = useToasts();
  const [theme, setTheme] = useTheme();
  return (
    <nav className={styles.nav} aria-label="Pages">
      <Link href="/" className={styles.brand}>
        <img src={logo} width={28} height={28} alt="" />
        <span>
          <b>{session.project}</b>
          <small>{session.organization}</small>
        </span>
      </Link>
      <button type="button" className={styles.search} onClick={onSearch}>
        <Icon name="search" />
        Search
        <kbd>{isApple ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <div className={styles.groups}>
        {groups
          .map((group) => pages.filter((page) => page.group === group))
          .filter((group) => group.length > 0)
          .map((group) => (
            <ul key={group[0]?.group} className={styles.group}>
              {group.map((page) => (
                <li key={page.path}>
                  <Link href={page.path} className={styles.link} aria-current={page === current ? 'page' : undefined}>
                    <Icon name={page.icon} />
                    {page.title}
                  </Link>
                </li>
              ))}
            </ul>
          ))}
      </div>
      <div className={styles.foot}>
        <span className={styles.who}>
          <b>{session.name}</b>
          <small>{session.role}</small>
        </span>
        <Menu
          label="Colours"
          items={themes.map((each) => ({
            label: themeNames[each],
            icon: each === theme ? 'check' : themeIcons[each],
            onSelect: () => setTheme(each),
          }))}
          trigger={(props) => <IconButton icon={themeIcons[theme]} label="Colours" {...props} />}
        />
        <IconButton icon="exit" label="Sign out" onClick={() => signOut().catch(toasts.failed)} />
      </div>
    </nav>
  );
}
