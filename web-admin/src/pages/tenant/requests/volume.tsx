/* volume: how many requests there were in each bucket, failed ones apart, over the list of them. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, take } from '../../../api/client';
import { formatCount, plural } from '../../../lib/format';
import { formatShort } from '../../../lib/money';
import { bucketsOf, type Span } from '../../../lib/range';
import { bucketLabel } from '../../../parts/chart';
import { Bone } from '../../../parts/page';
import { useTenantId } from '../../../session/tenant';
import type { Outcome } from './filters';
import classes from './requests.module.css';

interface VolumeProps {
  span: Span;
  filters: { model: string | undefined; key: string | undefined; outcome: Outcome | undefined };
  /** A bar was chosen: its stretch of time. */
  onChoose: (from: string, to: string) => void;
}

const STEP_MS = { hour: 3_600_000, day: 86_400_000 };

export function Volume({ span, filters, onChoose }: VolumeProps) {
  const tenant = useTenantId();
  const { data } = useQuery({
    queryKey: ['usage', tenant, 'volume', span.from, span.to, span.bucket, filters],
    queryFn: ({ signal }) =>
      take(
        api.GET('/tenants/{tenant}/usage', {
          params: {
            path: { tenant },
            query: { from: span.from, to: span.to, bucket: span.bucket, group: 'none', ...filters },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  if (!data) {
    return (
      <div className={classes.volume}>
        <Bone height={64} />
      </div>
    );
  }
  const rows = new Map(data.data.map((row) => [row.bucket ? new Date(row.bucket).toISOString() : '', row]));
  const buckets = bucketsOf(data.from, data.to, span.bucket);
  const most = Math.max(1, ...data.data.map((row) => row.requests));
  const { total } = data;
  return (
    <div className={classes.volume}>
      <p>
        {plural(total.requests, 'request')}, {formatCount(total.errors)} failed, {formatShort(total.charge)}
      </p>
      <div className={classes.bars}>
        {buckets.map((at) => {
          const row = rows.get(at);
          const requests = row?.requests ?? 0;
          const errors = row?.errors ?? 0;
          const label = `${bucketLabel(at, span.bucket, true)}: ${plural(requests, 'request')}, ${errors} failed`;
          return (
            <button
              key={at}
              type="button"
              title={label}
              aria-label={label}
              disabled={requests === 0}
              onClick={() => onChoose(at, new Date(Date.parse(at) + STEP_MS[span.bucket]).toISOString())}
            >
              <span className={classes.failed} style={{ height: `${(errors / most) * 100}%` }} />
              <span className={classes.fine} style={{ height: `${((requests - errors) / most) * 100}%` }} />
            </button>
          );
        })}
      </div>
      <div className={classes.axis} aria-hidden="true">
        <span>{buckets[0] && bucketLabel(buckets[0], span.bucket, true)}</span>
        <span>{buckets.length > 1 && bucketLabel(buckets[buckets.length - 1] ?? '', span.bucket, true)}</span>
      </div>
    </div>
  );
}
