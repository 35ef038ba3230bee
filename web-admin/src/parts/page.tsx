/* page: the frame of a view: its title, what can be done, panels and figures in a row. */
import { Title } from '@mantine/core';
import { type ReactNode, useEffect, useId } from 'react';
import classes from './page.module.css';

interface PageProps {
  title: string;
  /** A short line under the title: what this is, how fresh it is. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tollgate`;
  }, [title]);
  return (
    <div className={classes.page}>
      <div className={classes.head}>
        <div className={classes.titles}>
          <Title order={1}>{title}</Title>
          {about && <div className={classes.about}>{about}</div>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}

interface PanelProps {
  title?: ReactNode;
  /** On the right of the title. */
  aside?: ReactNode;
  /** Without padding, for tables. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, aside, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={title ? id : undefined}>
      {(title || aside) && (
        <div className={classes.panelHead}>
          {title && <h2 id={id}>{title}</h2>}
          {aside && <div className={classes.aside}>{aside}</div>}
        </div>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}

/** Figures beside each other; they wrap on a narrow screen. `roomy` keeps two lines for their notes. */
export function Figures({ roomy = false, children }: { roomy?: boolean; children: ReactNode }) {
  return (
    <dl className={classes.figures} data-roomy={roomy || undefined}>
      {children}
    </dl>
  );
}

interface FigureProps {
  name: string;
  children: ReactNode;
  /** The small line under it: a trend, a unit, what it is made of. */
  note?: ReactNode;
  loading?: boolean;
}

export function Figure({ name, children, note, loading = false }: FigureProps) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd className={classes.value}>{loading ? <Bone width={88} height={28} /> : children}</dd>
      <dd className={classes.note}>{loading ? <Bone width={120} height={14} /> : note}</dd>
    </div>
  );
}

/** Name and value beside each other, for details. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A grey place that has the size of what will be there. */
export function Bone({ width, height = 14 }: { width?: number | string; height?: number }) {
  return <span className={classes.bone} style={{ width: width ?? '100%', height }} aria-hidden="true" />;
}

/** Columns that become rows on a narrow screen. `wide` gives the first two thirds. */
export function Columns({ wide = false, children }: { wide?: boolean; children: ReactNode }) {
  return <div className={wide ? classes.columnsWide : classes.columns}>{children}</div>;
}
