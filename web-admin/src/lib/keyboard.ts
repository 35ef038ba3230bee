/*
 * keyboard: keys without modifiers that work anywhere on a page, and never while somebody types or a dialog is open.
 */
import { useEffect, useRef } from 'react';

export type Hotkeys = Record<string, (event: KeyboardEvent) => void>;

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** By `event.key`: "j", "/", "?", "Escape". A view's own keys come and go with it. */
export function useHotkeys(keys: Hotkeys, enabled = true): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    if (!enabled) return;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const run = latest.current[event.key];
      if (!run || typing(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [enabled]);
}

/** What `?` shows. */
export const SHORTCUTS: { keys: string[]; what: string }[] = [
  { keys: ['Ctrl', 'K'], what: 'Go to a page, a tenant or a key' },
  { keys: ['/'], what: 'Search in the list' },
  { keys: ['j'], what: 'Next row' },
  { keys: ['k'], what: 'Row before' },
  { keys: ['Enter'], what: 'Open the row' },
  { keys: ['n'], what: 'Next page' },
  { keys: ['p'], what: 'Page before' },
  { keys: ['Esc'], what: 'Close, or leave the search' },
  { keys: ['?'], what: 'This help' },
];
