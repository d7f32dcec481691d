import { mean } from 'simple-statistics';
import { NearIndex } from '../../core/hygiene/near-index';
import { taskOf } from '../../core/tasks/registry';
import type { Analyses } from '../analyses-schema';
import type { RowLine } from '../data/row-line';
import type { Arm } from '../results-schema';
import type { ArmRun } from './arm-run';

/** ROUGE-L over words from which two questions count as near, whatever the run itself was told to reject. */
const NEAR = 0.7;

/** The time of a search grows with the square of the rows where all are alike. */
const ROWS_SEARCHED_MAX = 1000;

type Health = Omit<Analyses['health'][number], 'arm'>;

/** How diverse the rows stay over the iterations; means over the runs of an arm, as far as all have come. */
export function health(arms: readonly Arm[], runs: readonly ArmRun[]): Analyses['health'] {
  return arms.flatMap(({ arm }) => {
    const own = runs.filter((run) => run.arm === arm).map(healthOfRun);
    const length = Math.min(...own.map((iterations) => iterations.length));
    return Array.from({ length: own.length === 0 ? 0 : length }, (_, index) => {
      const at = own.map((iterations) => iterations[index] as Health);
      const over = (pick: (one: Health) => number) => mean(at.map(pick));
      const known = (pick: (one: Health) => number | null) => meanOf(at.map(pick).filter((value) => value !== null));
      return {
        arm,
        iteration: index + 1,
        rows: over(({ rows }) => rows),
        distinctSeeds: over(({ distinctSeeds }) => distinctSeeds),
        repeats: over(({ repeats }) => repeats),
        duplicates: over(({ duplicates }) => duplicates),
        nearDuplicates: known(({ nearDuplicates }) => nearDuplicates),
        answerCharacters: over(({ answerCharacters }) => answerCharacters),
        truncatedShare: known(({ truncatedShare }) => truncatedShare),
        lengthScore: known(({ lengthScore }) => lengthScore),
      };
    });
  });
}

const meanOf = (values: readonly number[]) => (values.length === 0 ? null : mean(values));

function healthOfRun({ result, rows: { lines, poolAnswers } }: ArmRun): Health[] {
  const task = taskOf(result.config.task);
  const seeds = new Set<string>();
  const questions = new Set<string>();
  const isNear = task.novelty === 'near' && lines.length <= ROWS_SEARCHED_MAX ? nearToEarlier(lines) : null;
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
    const pool = poolAnswers[iteration - 1] ?? null;
    return {
      iteration,
      rows: accepted.length,
      distinctSeeds: seeds.size,
      repeats,
      duplicates,
      nearDuplicates: isNear && accepted.filter(isNear).length,
      answerCharacters: accepted.length === 0 ? 0 : mean(accepted.map(({ answer }) => answer?.length ?? 0)),
      truncatedShare: pool === null || pool.answers === 0 ? null : pool.truncated / pool.answers,
      lengthScore: pool?.lengthScore ?? null,
    };
  });
}

/** Tells of an accepted row whether an earlier one of the run asks nearly the same, by a similarity search of its own. */
function nearToEarlier(lines: readonly RowLine[]): (line: RowLine) => boolean {
  const accepted = lines.filter(({ verdict }) => verdict === 'accepted');
  const positions = new Map(accepted.map((line, position) => [line, position]));
  const index = new NearIndex(NEAR);
  for (const { question } of accepted) {
    index.add(question ?? '');
  }
  return (line) => {
    // Found in the order of the rows: where none is earlier, the first one found is the row itself.
    const first = index.near(line.question ?? '').next().value;
    return first !== undefined && first.number < (positions.get(line) ?? 0);
  };
}
