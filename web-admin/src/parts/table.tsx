/*
 * table: a list that the server sorts, filters and pages; so there is nothing left to do here but to show rows.
 *
 * A row is opened by its main cell, which is a link; clicking anywhere in the row does the same. j and k walk the
 * rows, n and p the pages. While another page is fetched the one before stays, dimmed.
 */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { type CSSProperties, type MouseEvent, type ReactNode, useRef } from 'react';
import { Link } from 'wouter';
import { useHotkeys } from '../lib/keyboard';
import type { Paging } from '../lib/url-state';
import { Icon } from './icon';
import { Bone } from './page';
import { ErrorState } from './states';
import classes from './table.module.css';

export interface ColumnMeta {
  /** Figures stand on the right. */
  align?: 'right';
  /** Left out below 720 px. */
  wideOnly?: boolean;
  /** Below 720 px it stands under the first cell instead of in a column of its own. */
  under?: boolean;
  /** The cell that opens the row. */
  main?: boolean;
  /** The value of `sort` that orders by this column. */
  sort?: string;
  /** What is wider is cut off, in px. */
  max?: number;
  /** Of the placeholder while it loads, in px. */
  width?: number;
  /** What the heading means. */
  help?: string;
}

export interface Column<T> {
  header: string;
  /** Names the column; without it the member that it shows does. */
  id?: string;
  accessorKey?: keyof T & string;
  /** Without it the member is shown as text. */
  cell?: (at: { row: { original: T } }) => ReactNode;
  meta?: ColumnMeta;
}
export type Columns<T> = readonly Column<T>[];

function keyOf<T>(column: Column<T>): string {
  return column.id ?? column.accessorKey ?? column.header;
}

function content<T>(column: Column<T>, row: T): ReactNode {
  if (column.cell) return column.cell({ row: { original: row } });
  const value = column.accessorKey ? row[column.accessorKey] : null;
  return value === null || value === undefined ? '–' : String(value);
}

export interface DataTableProps<T> {
  /** What the rows are, for screen readers and in messages: "keys". */
  label: string;
  columns: Columns<T>;
  /** Undefined while the first page is on its way. */
  rows: readonly T[] | undefined;
  rowId: (row: T) => string;
  /** Where the main cell leads. */
  href?: (row: T) => string;
  /** The row that is open beside the table. */
  openId?: string | null;
  error?: unknown;
  retry?: () => void;
  /** Another page is being fetched. */
  fetching?: boolean;
  empty: ReactNode;
  sort?: string;
  onSort?: (sort: string) => void;
  paging?: Paging;
  nextCursor?: string | null;
  /** The same rows as CSV. */
  csv?: string;
  skeletonRows?: number;
}

export function DataTable<T>(props: DataTableProps<T>) {
  const { rows, columns, label } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body, props);

  if (props.error && !rows) {
    return <ErrorState error={props.error} what={`The ${label} could not be read`} retry={props.retry} />;
  }
  const none = rows !== undefined && rows.length === 0;
  return (
    <div className={classes.frame} aria-busy={rows === undefined || props.fetching || undefined}>
      {props.error !== null && props.error !== undefined && (
        <ErrorState error={props.error} what={`The ${label} could not be read again`} retry={props.retry} />
      )}
      {none && !props.paging?.previous ? (
        props.empty
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        <section className={classes.scroll} tabIndex={0} aria-label={`Table of ${label}`}>
          <table className={classes.table} data-dim={props.fetching || undefined}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <Heading key={keyOf(column)} column={column} sort={props.sort} onSort={props.onSort} />
                ))}
              </tr>
            </thead>
            <tbody ref={body}>
              {rows === undefined ? (
                <Skeleton columns={columns} rows={props.skeletonRows ?? 8} />
              ) : (
                rows.map((row) => <Row key={props.rowId(row)} row={row} {...props} />)
              )}
            </tbody>
          </table>
          {none && <p className={classes.end}>There are no more {label}.</p>}
        </section>
      )}
      {/* It comes with the rows, so that it is not pushed away by them. */}
      {rows !== undefined && (props.paging || props.csv) && <Foot {...props} />}
    </div>
  );
}

interface HeadingProps<T> {
  column: Column<T>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}

function Heading<T>({ column: { header, meta }, sort, onSort }: HeadingProps<T>) {
  const by = meta?.sort;
  const sorted = by !== undefined && by === sort;
  return (
    <th
      scope="col"
      data-align={meta?.align}
      data-wide-only={meta?.wideOnly || meta?.under || undefined}
      aria-sort={sorted ? 'descending' : undefined}
      title={meta?.help}
    >
      {by !== undefined && onSort ? (
        <button type="button" className={classes.sort} onClick={() => onSort(by)}>
          {header}
          <span data-on={sorted || undefined}>
            <Icon name="down" size={11} />
          </span>
        </button>
      ) : (
        header
      )}
    </th>
  );
}

function Row<T>({ row, columns, rowId, href, openId }: DataTableProps<T> & { row: T }) {
  const under = columns.filter((column) => column.meta?.under);
  return (
    <tr
      data-open={rowId(row) === openId || undefined}
      data-link={href ? true : undefined}
      onClick={href ? followMain : undefined}
    >
      {columns.map((column) => (
        <td
          key={keyOf(column)}
          data-align={column.meta?.align}
          data-wide-only={column.meta?.wideOnly || column.meta?.under || undefined}
          style={column.meta?.max ? ({ '--max': `${column.meta.max}px` } as CSSProperties) : undefined}
        >
          {column.meta?.main && href ? (
            <Link href={href(row)} className={classes.main} state={window.history.state} data-row-link>
              {content(column, row)}
            </Link>
          ) : (
            content(column, row)
          )}
          {column === columns[0] && under.length > 0 && (
            <span className={classes.under}>
              {under.map((one) => (
                <span key={keyOf(one)}>{content(one, row)}</span>
              ))}
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}

/** Clicking beside the link is clicking on it, unless something was selected or another control was meant. */
function followMain(event: MouseEvent<HTMLTableRowElement>) {
  const target = event.target as HTMLElement;
  if (target.closest('a, button, input, label, [role="menu"]')) return;
  if (window.getSelection()?.toString()) return;
  event.currentTarget.querySelector<HTMLElement>('[data-row-link]')?.click();
}

function useRowKeys<T>(body: { current: HTMLTableSectionElement | null }, props: DataTableProps<T>) {
  const walk = (step: 1 | -1) => () => {
    const links = Array.from(
      body.current?.querySelectorAll<HTMLElement>('[data-row-link], tr:not(:has([data-row-link])) button') ??
        [],
    );
    if (links.length === 0) return;
    const at = links.indexOf(document.activeElement as HTMLElement);
    const to =
      at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step));
    links[to]?.focus();
    links[to]?.scrollIntoView({ block: 'nearest' });
  };
  useHotkeys({
    j: walk(1),
    k: walk(-1),
    n: () => props.nextCursor && props.paging?.next(props.nextCursor),
    p: () => props.paging?.previous?.(),
  });
}

function Skeleton<T>({ columns, rows }: { columns: Columns<T>; rows: number }) {
  return Array.from({ length: rows }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike.
    <tr key={row}>
      {columns.map((column, at) => (
        <td
          // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike.
          key={at}
          data-align={column.meta?.align}
          data-wide-only={column.meta?.wideOnly || column.meta?.under || undefined}
        >
          <Bone width={column.meta?.width ?? 72} />
        </td>
      ))}
    </tr>
  ));
}

function Foot<T>({ paging, nextCursor, csv, rows, label }: DataTableProps<T>) {
  const first = paging?.cursor === undefined;
  return (
    <div className={classes.foot}>
      {csv && (
        <Tooltip label={`All ${label} with these filters, at most 10,000`}>
          <Button
            component="a"
            href={csv}
            download
            variant="subtle"
            color="gray"
            leftSection={<Icon name="download" size={14} />}
          >
            CSV
          </Button>
        </Tooltip>
      )}
      {paging && (
        <div className={classes.pages}>
          <span>
            {paging.page === null ? 'Further page' : `Page ${paging.page}`}
            {rows && ` · ${rows.length} ${rows.length === 1 ? label.replace(/s$/, '') : label}`}
          </span>
          <ActionIcon
            variant="default"
            size={28}
            aria-label={paging.page === null ? 'First page' : 'Page before'}
            disabled={first}
            onClick={() => paging.previous?.()}
          >
            <Icon name="left" size={14} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size={28}
            aria-label="Next page"
            disabled={!nextCursor}
            onClick={() => nextCursor && paging.next(nextCursor)}
          >
            <Icon name="right" size={14} />
          </ActionIcon>
        </div>
      )}
    </div>
  );
}
