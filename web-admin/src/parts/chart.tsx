/*
 * chart: figures over time, stacked by series. A sentence says the same for who does not see it, and a table has
 * every figure.
 */
import { Button } from '@mantine/core';
import { useState } from 'react';
import classes from './chart.module.css';
import { Drawing } from './chart-drawing';

export interface ChartSeries {
  /** Key of the values. */
  id: string;
  label: string;
  /** "other" series are grey; all else take the palette in order. */
  other?: boolean;
}

export interface ChartPoint {
  /** Beginning of the bucket, RFC 3339 in UTC. */
  at: string;
  /** By series: the figure as the API has it; missing is none. */
  values: Record<string, string | number>;
}

export interface ChartProps {
  series: readonly ChartSeries[];
  points: readonly ChartPoint[];
  bucket: 'hour' | 'day';
  /** How a figure is written in the tooltip and the table. */
  format: (value: string | number) => string;
  /** How the axis is written; heights are floats, this is not for reading amounts. */
  axis: (value: number) => string;
  /** What the picture says, in a sentence. */
  summary: string;
  height?: number;
}

export const seriesColor = (at: number, other?: boolean): string =>
  other ? 'var(--series-other)' : `var(--series-${(at % 8) + 1})`;

const dayLabel = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const hourLabel = new Intl.DateTimeFormat('en-US', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

export function bucketLabel(at: string, bucket: 'hour' | 'day', long = false): string {
  const when = new Date(at);
  if (bucket === 'day') return dayLabel.format(when);
  return long ? `${dayLabel.format(when)}, ${hourLabel.format(when)} UTC` : hourLabel.format(when);
}

export function Chart(props: ChartProps) {
  const [table, setTable] = useState(false);
  const height = props.height ?? 220;
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.head}>
        <ul className={classes.legend}>
          {props.series.map((series, at) => (
            <li key={series.id}>
              <span style={{ background: seriesColor(at, series.other) }} aria-hidden="true" />
              {series.label}
            </li>
          ))}
        </ul>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          aria-pressed={table}
          onClick={() => setTable(!table)}
        >
          {table ? 'Show chart' : 'Show table'}
        </Button>
      </figcaption>
      <p className={classes.summary}>{props.summary}</p>
      {table ? (
        <FiguresTable {...props} height={height} />
      ) : (
        <div className={classes.drawing} style={{ height }} aria-hidden="true">
          <Drawing {...props} height={height} />
        </div>
      )}
    </figure>
  );
}

function FiguresTable({ series, points, bucket, format, height }: ChartProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    <section className={classes.tableFrame} style={{ height }} tabIndex={0} aria-label="Figures of the chart">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{bucket === 'day' ? 'Day (UTC)' : 'Hour (UTC)'}</th>
            {series.map((one) => (
              <th scope="col" key={one.id}>
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.at}>
              <th scope="row">{bucketLabel(point.at, bucket, true)}</th>
              {series.map((one) => {
                const value = point.values[one.id];
                return <td key={one.id}>{value === undefined ? '–' : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
