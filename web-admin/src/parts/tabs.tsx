/* tabs: pages beside each other that belong together. Each has an address, so they are links. */
import { Link } from 'wouter';
import classes from './tabs.module.css';

interface TabsProps {
  label: string;
  /** The address that is shown. */
  here: string;
  tabs: readonly { path: string; title: string }[];
}

export function Tabs({ label, here, tabs }: TabsProps) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <Link
          key={tab.path}
          href={tab.path}
          aria-current={here === tab.path || here.startsWith(`${tab.path}/`) ? 'page' : undefined}
        >
          {tab.title}
        </Link>
      ))}
    </nav>
  );
}
