/*
 * notify: a word in the corner after something was done. What failed is said where it was tried, not here. Its code
 * is fetched with the first word, since a page can be read without it.
 */
import { lazy, Suspense, useSyncExternalStore } from 'react';
import '@mantine/notifications/styles.css';

const Corner = lazy(() => import('@mantine/notifications').then((all) => ({ default: all.Notifications })));

let needed = false;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function notify(message: string): void {
  needed = true;
  for (const listener of listeners) listener();
  void import('@mantine/notifications').then(({ notifications }) =>
    notifications.show({
      message,
      autoClose: 4000,
      withBorder: true,
      color: 'accent',
      closeButtonProps: { 'aria-label': 'Close' },
    }),
  );
}

/** Once, in the app. */
export function Notifications() {
  const mounted = useSyncExternalStore(subscribe, () => needed);
  if (!mounted) return null;
  return (
    <Suspense fallback={null}>
      <Corner position="bottom-right" />
    </Suspense>
  );
}
