/* chart-drawing: the picture of a chart; loaded on its own, because it weighs more than the rest of the page. */
import { BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { useMemo } from 'react';
import { forPlot } from '../lib/money';
import { bucketLabel, type ChartPoint, type ChartProps, type ChartSeries, seriesColor } from './chart';
import classes from './chart.module.css';

function plotted(point: ChartPoint, series: readonly ChartSeries[]): Record<string, number | string> {
  const row: Record<string, number | string> = { at: point.at };
  // Recharts reads dots in a key as a path, and models have dots in their names: the place stands for the name.
  series.forEach((one, at) => {
    row[`s${at}`] = forPlot(String(point.values[one.id] ?? 0));
  });
  return row;
}

export default function Drawing({ series, points, bucket, format, axis, height = 220 }: ChartProps) {
  const data = useMemo(() => points.map((point) => plotted(point, series)), [points, series]);
  const byTime = useMemo(() => new Map(points.map((point) => [point.at, point])), [points]);
  return (
    <BarChart
      h={height}
      data={data}
      dataKey="at"
      type="stacked"
      withLegend={false}
      gridAxis="x"
      tickLine="none"
      strokeDasharray="0"
      gridColor="var(--line)"
      textColor="var(--muted)"
      series={series.map((one, at) => ({
        name: `s${at}`,
        label: one.label,
        color: seriesColor(at, one.other),
      }))}
      barProps={{ isAnimationActive: false, maxBarSize: 36 }}
      barChartProps={{ margin: { top: 8, right: 4, bottom: 0, left: 0 }, accessibilityLayer: false }}
      xAxisProps={{ tickFormatter: (at: string) => bucketLabel(at, bucket), minTickGap: 24 }}
      yAxisProps={{ tickFormatter: axis, width: 56, tickCount: 4 }}
      tooltipAnimationDuration={0}
      tooltipProps={{
        isAnimationActive: false,
        cursor: { fill: 'var(--hover)' },
        content: ({ active, label }) => {
          const point = active ? byTime.get(String(label)) : undefined;
          if (!point) return null;
          return (
            <div className={classes.tooltip}>
              <strong>{bucketLabel(point.at, bucket, true)}</strong>
              {series.map((one, at) => {
                const value = point.values[one.id];
                if (value === undefined) return null;
                return (
                  <div key={one.id}>
                    <span style={{ background: seriesColor(at, one.other) }} />
                    <em>{one.label}</em>
                    {format(value)}
                  </div>
                );
              })}
            </div>
          );
        },
      }}
    />
  );
}
