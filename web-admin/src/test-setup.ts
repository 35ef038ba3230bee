/* What jsdom lacks and Mantine asks for. */
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

Object.defineProperty(window, 'matchMedia', {
  value: (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
  }),
});

class NoObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(window, { ResizeObserver: NoObserver });
window.HTMLElement.prototype.scrollIntoView = () => {};

/* Node's Request wants a whole address, and knows jsdom's signals for strangers. */
class PageRequest extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(typeof input === 'string' ? new URL(input, window.location.href) : input, {
      ...init,
      signal: null,
    });
  }
}
Object.assign(globalThis, { Request: PageRequest });

afterEach(cleanup);
