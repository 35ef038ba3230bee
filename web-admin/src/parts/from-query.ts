/* from-query: what a list's query tells a DataTable: its rows, what went wrong, and whether there are more. */
import type { UseQueryResult } from '@tanstack/react-query';

interface Listed<T> {
  data: readonly T[];
  next_cursor: string | null;
}

export function fromQuery<T>(query: UseQueryResult<Listed<T>>) {
  return {
    rows: query.data?.data,
    error: query.error,
    retry: () => void query.refetch(),
    fetching: query.isPlaceholderData,
    nextCursor: query.data?.next_cursor ?? null,
  };
}
