/* meter: how much of a limit is used, as a bar with its figures beside it. */
import { formatShort, shareInThousandths } from '../lib/money';
import { Money } from './figures';
import classes from './meter.module.css';

const WINDOWS: Record<string, string> = {
  total: 'in total',
  day: 'a day',
  week: 'a week',
  month: 'a month',
};

/** "a month"; a budget without a window counts over all time. */
export function windowWords(window: string | null | undefined): string {
  return WINDOWS[window ?? 'total'] ?? String(window);
}

interface BudgetMeterProps {
  spent: string | null;
  budget: string | null;
  window: string | null;
}

export function BudgetMeter({ spent, budget, window }: BudgetMeterProps) {
  if (budget === null) {
    return (
      <span className={classes.plain}>
        <Money value={spent} /> <small>no limit</small>
      </span>
    );
  }
  const share = shareInThousandths(spent ?? '0', budget) ?? (spent ? 1000 : 0);
  const level = share >= 1000 ? 'over' : share >= 800 ? 'high' : 'fine';
  return (
    <span className={classes.meter}>
      <span
        className={classes.track}
        role="img"
        aria-label={`${Math.round(share / 10)} percent of the budget is spent`}
      >
        <span data-level={level} style={{ width: `${Math.min(100, share / 10)}%` }} />
      </span>
      <span className={classes.words}>
        <Money value={spent} /> <small>{`of ${formatShort(budget)} ${windowWords(window)}`}</small>
      </span>
    </span>
  );
}

/** A share of a whole in a list: only the bar. */
export function ShareBar({ part, whole }: { part: string; whole: string }) {
  const share = shareInThousandths(part, whole) ?? 0;
  return (
    <span className={classes.share} role="img" aria-label={`${(share / 10).toFixed(1)} percent`}>
      <span style={{ width: `${Math.min(100, Math.max(0, share / 10))}%` }} />
    </span>
  );
}
