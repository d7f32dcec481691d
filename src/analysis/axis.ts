import { mean } from 'simple-statistics';
import type { ExperimentRun, Times } from './results-schema';

/** What a learning curve is drawn against. */
export type Axis = 'rows' | 'tokens' | 'usd' | 'seconds';

export const axisTitles: Readonly<Record<Axis, string>> = {
  rows: 'rows bought',
  tokens: 'teacher tokens, input and output',
  usd: 'USD',
  seconds: 'student seconds',
};

type Run = Pick<ExperimentRun, 'run' | 'curve' | 'config'>;

/** The axes that every run has numbers for: no price, no USD; no history, no seconds. */
export function axesOf(runs: readonly Run[], times: Times): Axis[] {
  const isPriced = runs.some(({ config }) => config.teacher.price !== undefined);
  const isTimed = runs.every(({ run, curve }) =>
    curve.every(({ iteration }) => iteration === 0 || times[run]?.[iteration] !== undefined),
  );
  return ['rows', 'tokens', ...(isPriced ? (['usd'] as const) : []), ...(isTimed ? (['seconds'] as const) : [])];
}

/** The position of a run's checkpoint on the axis; all of them count up. */
export function positionOn(axis: Axis, run: Run, index: number, times: Times): number {
  const point = run.curve[index];
  switch (axis) {
    case 'rows':
      return point?.rows ?? 0;
    case 'tokens':
      return (point?.inputTokens ?? 0) + (point?.outputTokens ?? 0);
    case 'usd':
      return point?.usd ?? 0;
    case 'seconds':
      return run.curve
        .slice(0, index + 1)
        .reduce((sum, { iteration }) => sum + (times[run.run]?.[iteration]?.student ?? 0), 0);
  }
}

export const meanPositionOn = (axis: Axis, runs: readonly Run[], index: number, times: Times): number =>
  mean(runs.map((run) => positionOn(axis, run, index, times)));
