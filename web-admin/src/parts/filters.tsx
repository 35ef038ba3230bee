/* filters: the row over a list. What is chosen stands in the address (lib/url-state). */
import { Button, Select, TextInput } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useHotkeys } from '../lib/keyboard';
import classes from './filters.module.css';
import { Icon } from './icon';

interface FiltersProps {
  children: ReactNode;
  /** Shown when something is filtered. */
  onClear?: (() => void) | undefined;
}

export function Filters({ children, onClear }: FiltersProps) {
  return (
    <div className={classes.filters}>
      {children}
      {onClear && (
        <Button variant="subtle" color="gray" onClick={onClear}>
          Clear
        </Button>
      )}
    </div>
  );
}

interface TextFilterProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  /** `/` goes here. At most one in a view. */
  search?: boolean;
  width?: number;
  /** Says what is wrong with what is typed; it is not applied then. */
  check?: (value: string) => string | null;
}

const PAUSE_MS = 250;

/** Applied when typing pauses; Esc empties it. */
export function TextFilter({ label, value, onChange, placeholder, search, width, check }: TextFilterProps) {
  const [typed, setTyped] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const applied = useRef(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  const wrong = typed === '' ? null : (check?.(typed) ?? null);

  useEffect(() => {
    if (value === applied.current) return;
    applied.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (wrong !== null || typed === applied.current) return;
    const timer = window.setTimeout(() => {
      applied.current = typed;
      latest.current(typed);
    }, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [typed, wrong]);
  useHotkeys({ '/': () => field.current?.focus() }, Boolean(search));

  return (
    <TextInput
      ref={field}
      size="xs"
      w={width ?? (search ? 240 : 160)}
      aria-label={label}
      placeholder={placeholder ?? label}
      value={typed}
      error={wrong ?? undefined}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        setTyped('');
        event.currentTarget.blur();
      }}
      leftSection={search ? <Icon name="search" size={14} /> : undefined}
      rightSection={search && typed === '' ? <kbd>/</kbd> : undefined}
      maxLength={200}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

interface ChoiceFilterProps {
  label: string;
  value: string | null;
  onChange: (value: string | null) => void;
  options: readonly { value: string; label: string }[];
  /** Can be typed into, for long lists. */
  searchable?: boolean;
  width?: number;
}

/** One of some, or all. */
export function ChoiceFilter({ label, value, onChange, options, searchable, width }: ChoiceFilterProps) {
  const known = value === null || options.some((option) => option.value === value);
  return (
    <Select
      size="xs"
      w={width ?? 150}
      aria-label={label}
      placeholder={label}
      data={known ? [...options] : [...options, { value, label: value }]}
      value={value}
      onChange={onChange}
      clearable
      allowDeselect
      searchable={searchable ?? false}
      clearButtonProps={{ 'aria-label': `Any ${label.toLowerCase()}` }}
      comboboxProps={{ shadow: 'md', width: 'max-content', position: 'bottom-start' }}
      limit={200}
    />
  );
}
