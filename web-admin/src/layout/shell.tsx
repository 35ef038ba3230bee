/* shell: what is around every page: the side bar, the bar on top, help and Ctrl K. */
import { ActionIcon, Drawer, Menu, Modal, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useHotkeys as useMantineHotkeys } from '@mantine/hooks';
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { SHORTCUTS, useHotkeys } from '../lib/keyboard';
import { OPERATOR_PAGES } from '../pages/operator/pages';
import { Icon, type IconName, Mark } from '../parts/icon';
import { notify } from '../parts/notify';
import { useSession } from '../session/session';
import { useTenant } from '../session/tenant';
import { type NavItem, tenantNav } from './nav';
import classes from './shell.module.css';

const Commands = lazy(() => import('./commands'));

export function Shell({ children }: { children: ReactNode }) {
  const [nav, setNav] = useState(false);
  const [help, setHelp] = useState(false);
  const [commands, setCommands] = useState(false);
  const [path] = useLocation();
  const { session } = useSession();
  const tenant = useTenant();
  const openCommands = useCallback(() => setCommands(true), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the side bar.
  useEffect(() => setNav(false), [path]);
  useHotkeys({ '?': () => setHelp(true) });
  useMantineHotkeys([['mod+K', openCommands]], []);

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      <aside className={classes.side}>
        <Brand />
        <Nav />
      </aside>
      <div className={classes.column}>
        <header className={classes.header}>
          <ActionIcon
            className={classes.burger}
            variant="subtle"
            color="gray"
            size={36}
            aria-label="Pages"
            onClick={() => setNav(true)}
          >
            <Icon name="menu" size={18} />
          </ActionIcon>
          <div className={classes.where}>
            {tenant ? tenant.name : session.kind === 'operator' ? 'Operations' : ''}
            {tenant && session.kind === 'operator' && <span className={classes.as}>seen as operator</span>}
          </div>
          <button type="button" className={classes.find} onClick={openCommands}>
            <Icon name="search" size={14} />
            <span>Go to…</span>
            <kbd>Ctrl K</kbd>
          </button>
          <ThemeSwitch />
          <Account onHelp={() => setHelp(true)} />
        </header>
        <main id="main" className={classes.main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Drawer
        opened={nav}
        onClose={() => setNav(false)}
        position="left"
        size={264}
        title={<Brand />}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Nav />
      </Drawer>
      <Modal
        opened={help}
        onClose={() => setHelp(false)}
        title="Keyboard"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <dl className={classes.shortcuts}>
          {SHORTCUTS.map(({ keys, what }) => (
            <div key={what}>
              <dt>{what}</dt>
              <dd>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </Modal>
      {commands && (
        <Suspense fallback={null}>
          <Commands onClose={() => setCommands(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Brand() {
  return (
    <Link href="/" className={classes.brand}>
      <Mark />
      Tollgate
    </Link>
  );
}

function Nav() {
  const { session } = useSession();
  const tenant = useTenant();
  return (
    <nav className={classes.nav} aria-label="Pages">
      {session.kind === 'operator' && <NavGroup title="Operations" items={OPERATOR_PAGES} />}
      {tenant && (
        <NavGroup
          title={session.kind === 'operator' ? tenant.name : undefined}
          items={tenantNav(tenant.id, session.role)}
        />
      )}
    </nav>
  );
}

function NavGroup({ title, items }: { title?: string | undefined; items: readonly NavItem[] }) {
  const [path] = useLocation();
  return (
    <div className={classes.group}>
      {title && <div className={classes.groupTitle}>{title}</div>}
      <ul>
        {items.map((item) => {
          const here = path === item.path || path.startsWith(`${item.path}/`);
          return (
            <li key={item.path}>
              <Link href={item.path} className={classes.item} aria-current={here ? 'page' : undefined}>
                <Icon name={item.icon} />
                {item.title}
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const SCHEMES: { value: 'light' | 'dark' | 'auto'; label: string; icon: IconName }[] = [
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
  { value: 'auto', label: 'As the system', icon: 'system' },
];

function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const now = SCHEMES.find((scheme) => scheme.value === colorScheme) ?? SCHEMES[2];
  return (
    <Menu position="bottom-end" width={168}>
      <Menu.Target>
        <Tooltip label={`Theme: ${now?.label.toLowerCase()}`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={`Theme: ${now?.label.toLowerCase()}`}
          >
            <Icon name={now?.icon ?? 'system'} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map((scheme) => (
          <Menu.Item
            key={scheme.value}
            leftSection={<Icon name={scheme.icon} size={14} />}
            rightSection={scheme.value === colorScheme ? <Icon name="check" size={14} /> : undefined}
            onClick={() => setColorScheme(scheme.value)}
          >
            {scheme.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Account({ onHelp }: { onHelp: () => void }) {
  const { session, signOut } = useSession();
  const [, navigate] = useLocation();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={36} aria-label="Account">
          <Icon name="user" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.me}>
          <strong>{session.name || session.email}</strong>
          {session.name && <span>{session.email}</span>}
          <span>
            {session.kind === 'operator' ? 'Operator' : `${session.role} of ${session.tenant?.name ?? ''}`}
          </span>
        </div>
        <Menu.Divider />
        <Menu.Item onClick={() => navigate('/account')}>Change password</Menu.Item>
        <Menu.Item onClick={onHelp} rightSection={<kbd>?</kbd>}>
          Keyboard
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut().catch(() => notify('Signing out did not work. Try again.'))}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
