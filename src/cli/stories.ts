import type { RowStory, SeedStory } from '../audit/stories';

/** A seed's story as lines for people. Text of models is shown as JSON strings: it may hold anything. */
export function seedLines({ seed, iterations }: SeedStory): string[] {
  const lines = iterations.flatMap(({ iteration, answer, measured, picks }) => [
    `iteration ${iteration}`,
    ...(answer === null ? [] : [`  the student said ${quoted(answer.text)}${verdict(answer.correct)}`]),
    ...(measured === null ? [] : [`  measured: ${JSON.stringify(measured)}`]),
    ...(picks.length === 0 ? ['  not among the picks'] : []),
    ...picks.map(({ rank, reason, score, asked, row, rejected }) => {
      const fate = row === null ? (rejected ?? 'not put to the teacher') : `row ${row}`;
      return `  rank ${rank} (${reason}${score === null ? '' : `, score ${score}`}): ${asked ? fate : 'a replacement that was not needed'}`;
    }),
  ]);
  return [
    `seed ${seed.id} (${seed.stratum}): ${quoted(seed.question)}, reference ${quoted(seed.answer ?? '')}`,
    ...lines,
  ];
}

/** A row's story: why it is there, what it cost, who learnt it. */
export function rowLines(story: RowStory): string[] {
  const { id, row, rejected, seed, pick, picks, calls, learntBy } = story;
  const what =
    row === null
      ? `row ${id} was not accepted: ${rejected?.stage}: ${rejected?.reason}`
      : `row ${id} (${row.stratum}): ${quoted(row.question)} answered ${quoted(row.answer)}`;
  const why = `rank ${pick?.rank} of ${picks} picks (${pick?.reason}${pick?.score == null ? '' : `, score ${pick.score}`})`;
  return [
    what,
    `from seed ${seed?.id}: ${quoted(seed?.question ?? '')}`,
    `chosen by ${story.strategy} on student ${story.chosenBy.slice(0, 12)}: ${why}`,
    ...calls.map(
      (call) =>
        `${call.purpose} call ${call.id}, ${call.state}${call.sharedFrom === null ? '' : ` (shares the answer of ${call.sharedFrom})`}: ` +
        `${call.inputTokens} + ${call.outputTokens} tokens, USD ${usd(call.nanoUsd)}${time(call.endedAt)}`,
    ),
    `price of the row: USD ${usd(story.nanoUsd)}`,
    ...(learntBy.length === 0 ? ['no student learnt it'] : []),
    ...learntBy.map(
      ({ iteration, student, job, accuracy }) =>
        `learnt by student ${student.slice(0, 12)} of iteration ${iteration}${accuracy === null ? '' : `, accuracy ${accuracy.toFixed(3)}`}${job === null ? '' : ` (job ${job.slice(0, 12)})`}`,
    ),
  ];
}

const quoted = (text: string) => JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}...` : text);
const verdict = (correct: boolean | null) =>
  correct === null ? '' : correct ? ', which is right' : ', which is wrong';
const usd = (nanoUsd: number) => (nanoUsd / 1e9).toFixed(9);
const time = (ms: number | null) => (ms === null ? '' : `, ${new Date(ms).toISOString()}`);
