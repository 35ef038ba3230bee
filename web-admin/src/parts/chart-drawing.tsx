/* chart-drawing: the picture of a chart: stacked bars, one for each bucket, with the figures of the one pointed at. */
import { useElementSize } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { forPlot } from '../lib/money';
import { labelStep, ticksFor } from '../lib/scale';
import { bucketLabel, type ChartPoint, type ChartProps, type ChartSeries, seriesColor } from './chart';
import classes from './chart.module.css';

const LEFT = 56;
const TOP = 8;
const BOTTOM = 24;
const BAR_MAX = 36;
const LABEL_WIDTH = 64;
const TOOLTIP_WIDTH = 250;

interface Piece {
  id: string;
  color: string;
  from: number;
  to: number;
}

/** The pieces of a bar from the bottom up, in the order of the series. */
function piecesOf(point: ChartPoint, series: readonly ChartSeries[]): Piece[] {
  let top = 0;
  return series.map((one, at) => {
    const from = top;
    top += Math.max(0, forPlot(String(point.values[one.id] ?? 0)));
    return { id: one.id, color: seriesColor(at, one.other), from, to: top };
  });
}

export function Drawing(props: ChartProps & { height: number }) {
  const { series, points, bucket, axis, height } = props;
  const { ref, width } = useElementSize();
  const [pointed, setPointed] = useState<number | null>(null);
  const bars = useMemo(() => points.map((point) => piecesOf(point, series)), [points, series]);
  const ticks = ticksFor(Math.max(0, ...bars.map((pieces) => pieces.at(-1)?.to ?? 0)));

  const plot = { width: Math.max(0, width - LEFT), height: height - TOP - BOTTOM };
  const band = plot.width / Math.max(1, points.length);
  const barWidth = Math.max(1, Math.min(BAR_MAX, band * 0.74));
  const highest = ticks.at(-1) ?? 1;
  const y = (value: number) => TOP + plot.height * (1 - value / highest);
  const center = (at: number) => LEFT + band * (at + 0.5);
  const every = labelStep(points.length, plot.width, LABEL_WIDTH);

  return (
    <div ref={ref} className={classes.picture} style={{ height }}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          focusable="false"
          onMouseLeave={() => setPointed(null)}
        >
          {ticks.map((tick) => (
            <g key={tick}>
              <line className={classes.line} x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
              <text className={classes.tick} x={LEFT - 8} y={y(tick) + 4} textAnchor="end">
                {axis(tick)}
              </text>
            </g>
          ))}
          {pointed !== null && (
            <rect
              className={classes.pointed}
              x={LEFT + band * pointed}
              y={TOP}
              width={band}
              height={plot.height}
            />
          )}
          {points.map((point, at) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the same figures stand in the table of the chart.
            <g key={point.at} onMouseEnter={() => setPointed(at)}>
              <rect x={LEFT + band * at} y={TOP} width={band} height={plot.height} fill="transparent" />
              {bars[at]?.map((piece) => (
                <rect
                  key={piece.id}
                  x={center(at) - barWidth / 2}
                  width={barWidth}
                  y={y(piece.to)}
                  height={Math.max(0, y(piece.from) - y(piece.to))}
                  fill={piece.color}
                />
              ))}
              {at % every === 0 && (
                <text className={classes.tick} x={center(at)} y={height - 6} textAnchor="middle">
                  {bucketLabel(point.at, bucket)}
                </text>
              )}
            </g>
          ))}
        </svg>
      )}
      {pointed !== null && points[pointed] && (
        <Tooltip
          {...props}
          point={points[pointed]}
          left={Math.max(
            0,
            Math.min(
              width - TOOLTIP_WIDTH,
              center(pointed) + (center(pointed) > width / 2 ? -TOOLTIP_WIDTH - 12 : 12),
            ),
          )}
        />
      )}
    </div>
  );
}

function Tooltip({ series, point, bucket, format, left }: ChartProps & { point: ChartPoint; left: number }) {
  return (
    <div className={classes.tooltip} style={{ left, width: TOOLTIP_WIDTH }}>
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
      {Object.keys(point.values).length === 0 && <div>Nothing</div>}
    </div>
  );
}
