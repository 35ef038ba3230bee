/* range-filter: the stretch of time that a view is of. Apart from the other filters, which weigh more. */
import { TextInput } from '@mantine/core';
import { RANGE_LABELS, RANGES, type Range } from '../lib/range';
import classes from './filters.module.css';

interface RangeFilterProps {
  value: { range: Range; from: string; to: string };
  onChange: (value: { range: Range; from: string; to: string }) => void;
  ranges?: readonly Range[];
}

/** A datetime-local field speaks of the reader's zone. */
function toLocal(iso: string): string {
  if (!iso) return '';
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromLocal(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

export function RangeFilter({ value, onChange, ranges = RANGES }: RangeFilterProps) {
  return (
    <fieldset className={classes.range}>
      <legend className={classes.hidden}>Time</legend>
      <div className={classes.segments}>
        {ranges.map((range) => (
          <button
            key={range}
            type="button"
            aria-pressed={value.range === range}
            onClick={() => onChange(range === 'custom' ? { ...value, range } : { range, from: '', to: '' })}
          >
            {RANGE_LABELS[range]}
          </button>
        ))}
      </div>
      {value.range === 'custom' && (
        <div className={classes.custom}>
          <TextInput
            size="xs"
            type="datetime-local"
            aria-label="From"
            value={toLocal(value.from)}
            onChange={(event) => onChange({ ...value, from: fromLocal(event.currentTarget.value) })}
          />
          <span>to</span>
          <TextInput
            size="xs"
            type="datetime-local"
            aria-label="To"
            value={toLocal(value.to)}
            onChange={(event) => onChange({ ...value, to: fromLocal(event.currentTarget.value) })}
          />
        </div>
      )}
    </fieldset>
  );
}
