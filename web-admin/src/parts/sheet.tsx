/* sheet: what is known of one row, beside the list it came from. */
import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './sheet.module.css';

interface SheetProps {
  opened: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Under the title: status, id. */
  about?: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

export function Sheet({ opened, onClose, title, about, actions, wide = false, children }: SheetProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      size={wide ? 720 : 520}
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.title, body: classes.body }}
    >
      {about && <div className={classes.about}>{about}</div>}
      {actions && <div className={classes.actions}>{actions}</div>}
      {children}
    </Drawer>
  );
}

export function SheetSection({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.section}>
      <div className={classes.sectionHead}>
        <h3>{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}
