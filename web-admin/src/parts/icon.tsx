/* icon: the few signs of the console, drawn on a 16 px grid. Decoration only: a word always stands beside them. */
const PATHS = {
  overview: 'M2.5 13.5h11M4 11V8M8 11V3.5M12 11V6',
  requests: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  keys: 'M10.5 9a3.5 3.5 0 1 0-3.3-2.3L2.5 11.5v2h2v-1.5H6v-1.5h1.3L8.6 9.3A3.5 3.5 0 0 0 10.5 9ZM11 5.2v.1',
  routing:
    'M3.5 5.500a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM3.5 5.500v8M3.5 12h5a3 3 0 0 0 3-3V5M9 7.500 11.500 5 14 7.500',
  billing: 'M3.5 2.5h9v11l-1.8-1.2-1.4 1.2L8 12.3l-1.3 1.2-1.4-1.2-1.8 1.2zM6 6h4M6 9h4',
  members:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM1.8 13.2c.3-2.3 2-3.6 4.2-3.6s3.9 1.3 4.2 3.6M10.8 3.1a2.3 2.3 0 0 1 0 4.3M12 10c1.3.5 2 1.7 2.2 3.2',
  projects: 'M2.5 4.500V12.500h11v-7h-6l-1.5-2h-3.500z',
  tenants: 'M2.5 13.500h11M3.5 13.500v-11h6v11M9.5 6.500h3v7M5.5 5.500h2M5.5 8h2M5.5 10.500h2',
  catalog: 'M8 2 13.5 5v6L8 14 2.5 11V5zM2.5 5 8 8l5.5-3M8 8v6',
  prices: 'M8.5 2.500h5v5l-6 6-5-5zM11 5v.1',
  providers: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5v.1M5 11v.1',
  status: 'M1.5 8.500h3l2-5 3 9 2-4h3',
  audit: 'M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6 2.9-3',
  search: 'M7 11.500a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.300l3.2 3.2',
  sun: 'M8 10.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600ZM8 1.500v1.500M8 13v1.500M1.5 8H3M13 8h1.500M3.4 3.400l1 1M11.6 11.600l1 1M12.6 3.400l-1 1M4.4 11.600l-1 1',
  moon: 'M13 9.500A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.500Z',
  system: 'M2 3h12v8H2zM6 13.500h4M8 11v2.5',
  menu: 'M2.5 4.500h11M2.5 8h11M2.5 11.500h11',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  check: 'M3 8.500l3.2 3.200L13 5',
  alert: 'M8 2.5 14.5 13.500h-13zM8 6.500v3M8 11.500v.1',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 1.5',
  stop: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12 12 4',
  dash: 'M4 8h8',
  up: 'M8 12.500v-9M4.5 7 8 3.5 11.5 7',
  down: 'M8 3.500v9M4.5 9 8 12.5 11.5 9',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  download: 'M8 2.500v7.500M5 7.500l3 3 3-3M2.5 13.500h11',
  plus: 'M8 3v10M3 8h10',
  user: 'M8 8a2.7 2.7 0 1 0 0-5.400A2.7 2.7 0 0 0 8 8ZM3 13.500c.400-2.4 2.4-3.7 5-3.700s4.6 1.3 5 3.7',
  more: 'M3.5 8v.1M8 8v.1M12.5 8v.1',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: a lifted bar at a gate. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path d="M8 25V8h3.5v17zM13.5 15.6 25 9.2v4L13.5 19.600z" fill="var(--on-accent)" />
    </svg>
  );
}
