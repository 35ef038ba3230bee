import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/error';
import { type Columns, DataTable, type DataTableProps } from './table';

interface Row {
  id: string;
  name: string;
}

const HOSTILE = '<img src=x onerror="alert(1)">';
const ROWS: Row[] = [
  { id: 'key_1', name: 'first' },
  { id: 'key_2', name: HOSTILE },
];
const COLUMNS: Columns<Row> = [
  { header: 'Name', accessorKey: 'name', meta: { main: true } },
  { header: 'Id', accessorKey: 'id', meta: { sort: 'id' } },
];

function show(props: Partial<DataTableProps<Row>>) {
  return render(
    <MantineProvider>
      <DataTable
        label="keys"
        columns={COLUMNS}
        rows={ROWS}
        rowId={(row) => row.id}
        empty={<p>There are none</p>}
        {...props}
      />
    </MantineProvider>,
  );
}

beforeEach(() => window.history.replaceState(null, '', '/'));

describe('a table', () => {
  it('shows hostile text as text', () => {
    const { container } = show({});
    expect(screen.getByText(HOSTILE)).toBeTruthy();
    expect(container.querySelector('img')).toBeNull();
  });

  it('has bones while it loads, and says when there is nothing', () => {
    const { container } = show({ rows: undefined, skeletonRows: 3 });
    expect(container.querySelectorAll('tbody tr')).toHaveLength(3);
    show({ rows: [] });
    expect(screen.getByText('There are none')).toBeTruthy();
  });

  it('says what failed, under which id, and tries again', () => {
    const retry = vi.fn();
    const error = new ApiError({
      status: 500,
      word: 'internal',
      title: '',
      detail: 'It broke.',
      requestId: 'gen_9',
    });
    show({ rows: undefined, error, retry });
    expect(screen.getByRole('alert').textContent).toMatch(/keys could not be read.*It broke\..*gen_9/s);
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it('walks its rows with j and k, and opens one with Enter', () => {
    show({ href: (row) => `/keys?open=${row.id}` });
    fireEvent.keyDown(document.body, { key: 'j' });
    expect(document.activeElement?.textContent).toBe('first');
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'j' });
    expect(document.activeElement?.textContent).toBe(HOSTILE);
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'k' });
    expect((document.activeElement as HTMLAnchorElement).getAttribute('href')).toBe('/keys?open=key_1');
  });

  it('pages and sorts by asking for it', () => {
    const next = vi.fn();
    const onSort = vi.fn();
    show({
      paging: { cursor: undefined, page: 1, next, previous: null },
      nextCursor: 'c2',
      sort: 'name',
      onSort,
    });
    expect(screen.getByRole('button', { name: 'Page before' })).toHaveProperty('disabled', true);
    fireEvent.click(screen.getByRole('button', { name: 'Next page' }));
    fireEvent.keyDown(document.body, { key: 'n' });
    expect(next.mock.calls).toEqual([['c2'], ['c2']]);
    fireEvent.click(screen.getByRole('button', { name: 'Id' }));
    expect(onSort).toHaveBeenCalledWith('id');
  });
});
