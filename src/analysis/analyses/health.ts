import { mean } from 'simple-statistics';
import { rankCorrelation } from '../../core/statistics/rank-correlation';
import { taskOf } from '../../core/tasks';
import type { Analyses } from '../analyses-schema';
import type { Arm } from '../results-schema';
import type { ArmRun } from '.';

type Health = Omit<Analyses['health'][number], 'arm'>;

/** How diverse the rows stay over the iterations; means over the runs of an arm, as far as all have come. */
export function health(arms: readonly Arm[], runs: readonly ArmRun[]): Analyses['health'] {
  return arms.flatMap(({ arm }) => {
    const own = runs.filter((run) => run.arm === arm).map(healthOfRun);
    const length = Math.min(...own.map((iterations) => iterations.length));
    return Array.from({ length: own.length === 0 ? 0 : length }, (_, index) => {
      const at = own.map((iterations) => iterations[index] as Health);
      const over = (pick: (one: Health) => number) => mean(at.map(pick));
      const correlations = at.map(({ lengthScore }) => lengthScore).filter((value) => value !== null);
      return {
        arm,
        iteration: index + 1,
        rows: over(({ rows }) => rows),
        distinctSeeds: over(({ distinctSeeds }) => distinctSeeds),
        repeats: over(({ repeats }) => repeats),
        duplicates: over(({ duplicates }) => duplicates),
        answerCharacters: over(({ answerCharacters }) => answerCharacters),
        lengthScore: correlations.length === 0 ? null : mean(correlations),
      };
    });
  });
}

function healthOfRun({ result, rows: { lines } }: ArmRun): Health[] {
  const task = taskOf(result.config.task);
  const seeds = new Set<string>();
  const questions = new Set<string>();
  return result.iterations.map(({ iteration }) => {
    const own = lines.filter((line) => line.iteration === iteration);
    const accepted = own.filter(({ verdict }) => verdict === 'accepted');
    let repeats = 0;
    let duplicates = own.length - own.filter(({ verdict }) => verdict !== 'duplicate').length;
    for (const { parent, question } of accepted) {
      repeats += Number(seeds.has(parent));
      seeds.add(parent);
      const canonical = task.canonical(question ?? '');
      duplicates += Number(questions.has(canonical));
      questions.add(canonical);
    }
    const scored = accepted.filter(({ score }) => score !== null);
    const correlation = rankCorrelation(
      scored.map(({ score }) => score as number),
      scored.map(({ answer }) => answer?.length ?? 0),
    );
    return {
      iteration,
      rows: accepted.length,
      distinctSeeds: seeds.size,
      repeats,
      duplicates,
      answerCharacters: accepted.length === 0 ? 0 : mean(accepted.map(({ answer }) => answer?.length ?? 0)),
      lengthScore: correlation?.rho ?? null,
    };
  });
}
