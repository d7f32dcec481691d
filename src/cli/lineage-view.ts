import type { RowLineage, SeedLineage } from '../audit/lineage';
import { formatUsd } from '../core/budget/price';

/** A seed's lineage as lines for people. Text from models is shown as JSON strings, so control characters do no harm. */
export function seedLineageLines({ seed, iterations }: SeedLineage): string[] {
  const lines = iterations.flatMap(({ iteration, answer, measured, picks }) => [
    `iteration ${iteration}`,
    ...(answer === null ? [] : [`  the student answered ${quoted(answer.text)}${verdict(answer.correct)}`]),
    ...(measured === null ? [] : [`  measured: ${JSON.stringify(measured)}`]),
    ...(picks.length === 0 ? ['  not picked'] : []),
    ...picks.map(({ rank, reason, score, asked, row, rejected }) => {
      const fate = row === null ? (rejected ?? 'not sent to the teacher') : `row ${row}`;
      return `  rank ${rank} (${reason}${score === null ? '' : `, score ${score}`}): ${asked ? fate : 'spare, not needed'}`;
    }),
  ]);
  return [
    `seed ${seed.id} (${seed.stratum}): ${quoted(seed.question)}, reference ${quoted(seed.answer ?? '')}`,
    ...lines,
  ];
}

/** A row's lineage: why it exists, what it cost, which students were trained on it. */
export function rowLineageLines(lineage: RowLineage): string[] {
  const { id, row, rejected, seed, pick, picks, calls, students } = lineage;
  const what =
    row === null
      ? `row ${id} was not accepted: ${rejected?.stage}: ${rejected?.reason}`
      : `row ${id} (${row.stratum}): ${quoted(row.question)} answered ${quoted(row.answer)}`;
  const why = `rank ${pick?.rank} of ${picks} picks (${pick?.reason}${pick?.score == null ? '' : `, score ${pick.score}`})`;
  return [
    what,
    `from seed ${seed?.id}: ${quoted(seed?.question ?? '')}`,
    `selected by ${lineage.strategy} from student ${lineage.selectedBy.slice(0, 12)}: ${why}`,
    ...calls.map(
      (call) =>
        `${call.purpose} call ${call.id}, ${call.state}${call.sharedFrom === null ? '' : ` (reuses the answer of ${call.sharedFrom})`}: ` +
        `${call.inputTokens} + ${call.outputTokens} tokens, ${formatUsd(call.usd)}${time(call.endedAt)}`,
    ),
    `price of the row: ${formatUsd(lineage.usd)}`,
    ...(students.length === 0 ? ['no student was trained on it'] : []),
    ...students.map(
      ({ iteration, student, job, accuracy }) =>
        `trained student ${student.slice(0, 12)} of iteration ${iteration}${accuracy === null ? '' : `, accuracy ${accuracy.toFixed(3)}`}${job === null ? '' : ` (job ${job.slice(0, 12)})`}`,
    ),
  ];
}

const quoted = (text: string) => JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}...` : text);
const verdict = (correct: boolean | null) =>
  correct === null ? '' : correct ? ', which is correct' : ', which is wrong';
const time = (ms: number | null) => (ms === null ? '' : `, ${new Date(ms).toISOString()}`);
