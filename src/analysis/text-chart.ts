/** A curve in characters: marks at the checkpoints, bars for the spread, dots between. Needs no colour. */

export interface TextSeries {
  readonly mark: string;
  readonly points: readonly { x: number; y: number; low: number; high: number }[];
}

const width = 66;
const height = 10;
const label = 6;

/** Later series are drawn over earlier ones. Lines of at most 80 characters. */
export function textChart(series: readonly TextSeries[]): string[] {
  const points = series.flatMap((one) => one.points);
  const step = 0.05;
  const bottom = Math.max(0, Math.floor(Math.min(...points.map(({ low }) => low)) / step) * step);
  const top = Math.min(1, Math.ceil(Math.max(...points.map(({ high }) => high)) / step + 1e-9) * step);
  const xMax = Math.max(1, ...points.map(({ x }) => x));
  const rowOf = (y: number) => Math.round(((top - y) / (top - bottom || 1)) * (height - 1));
  // Two columns are left free on both sides for the marks of neighbouring series.
  const columnOf = (x: number) => 2 + Math.round((x / xMax) * (width - 5));

  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  const put = (row: number, column: number, character: string) => {
    const line = grid[Math.max(0, Math.min(height - 1, row))] as string[];
    line[Math.max(0, Math.min(width - 1, column))] = character;
  };
  for (const { points: own } of series) {
    drawLine(own, { rowOf, columnOf, put });
  }
  series.forEach(({ mark, points: own }, index) => {
    // Side by side, so that the spread of one does not hide the other's.
    const shift = index - Math.floor((series.length - 1) / 2);
    for (const { x, y, low, high } of own) {
      for (let row = rowOf(high); row <= rowOf(low); row += 1) {
        put(row, columnOf(x) + shift, '│');
      }
      put(rowOf(y), columnOf(x) + shift, mark);
    }
  });

  const labelled = new Map(
    [0, Math.floor((height - 1) / 2), height - 1].map((row) => [row, top - (row / (height - 1)) * (top - bottom)]),
  );
  const body = grid.map((line, row) => {
    const value = labelled.get(row);
    const axis = value === undefined ? `${' '.repeat(label)} │` : `${value.toFixed(2).padStart(label)} ┤`;
    return `${axis}${line.join('')}`.trimEnd();
  });
  return [...body, ...axisLines([...new Set(points.map(({ x }) => x))], columnOf)];
}

type Point = TextSeries['points'][number];

function drawLine(
  points: readonly Point[],
  canvas: {
    rowOf: (y: number) => number;
    columnOf: (x: number) => number;
    put: (row: number, column: number, character: string) => void;
  },
): void {
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (from === undefined) {
      continue;
    }
    const start = canvas.columnOf(from.x);
    const end = canvas.columnOf(to.x);
    for (let column = start + 1; column < end; column += 1) {
      const share = (column - start) / (end - start);
      canvas.put(canvas.rowOf(from.y + share * (to.y - from.y)), column, '·');
    }
  }
}

/** The axis with a tick at each checkpoint and as many numbers as fit. */
function axisLines(xs: readonly number[], columnOf: (x: number) => number): string[] {
  const axis = Array.from({ length: width }, () => '─');
  let numbers = '';
  for (const x of xs.toSorted((left, right) => left - right)) {
    axis[columnOf(x)] = '┴';
    const text = Math.round(x).toLocaleString('en-US');
    const start = Math.max(0, columnOf(x) - Math.floor(text.length / 2));
    if (numbers === '' || start > numbers.length + 1) {
      numbers = numbers.padEnd(start) + text;
    }
  }
  const indent = ' '.repeat(label + 1);
  return [`${indent}└${axis.join('')}`, `${indent} ${numbers.padEnd(width - 12)}`.trimEnd()];
}
