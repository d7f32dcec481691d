import type { ExperimentResults, RunResults } from '../results-schema';
import type { Column, ColumnType } from './parquet';
import type { RowLine } from './row-line';

/** One column of a table file, with its meaning for docs/results-format.md. */
export interface Documented<Line> {
  readonly name: string;
  readonly type: ColumnType;
  readonly meaning: string;
  value(line: Line): string | number | boolean | null;
}

/** The columns of rows.parquet: one line for each pick that was sent to the teacher, accepted or not. */
export const rowColumns: readonly Documented<RowLine>[] = [
  column('run', 'string', 'name of the run', ({ run }) => run),
  column('labels', 'string', 'what distinguishes the run in its experiment, as JSON', ({ labels }) =>
    JSON.stringify(labels),
  ),
  column('strategy', 'string', 'name of the strategy', ({ strategy }) => strategy),
  column('random_seed', 'integer', 'random seed of the run', ({ randomSeed }) => randomSeed),
  column('iteration', 'integer', 'from 1', ({ iteration }) => iteration),
  column('rank', 'integer', 'rank in the selection, from 0', ({ rank }) => rank),
  column('row', 'string', 'id of the synthetic row; missing if none was accepted', ({ id }) => id),
  column(
    'verdict',
    'string',
    'accepted, or the stage that rejected it: call, question, answer, duplicate, leak, verify, budget',
    ({ verdict }) => verdict,
  ),
  column('verdict_reason', 'string', 'why it was not accepted', ({ verdictReason }) => verdictReason),
  column('seed', 'string', 'id of the parent seed in the pool', ({ parent }) => parent),
  column('seed_question', 'string', "the parent's question", ({ parentQuestion }) => parentQuestion),
  column('seed_answer', 'string', "the parent's reference answer", ({ parentAnswer }) => parentAnswer),
  column('seed_stratum', 'string', "the parent's stratum", ({ parentStratum }) => parentStratum),
  column(
    'student_answer',
    'string',
    'answer of the selecting student to the parent; missing if the strategy does not ask',
    ({ ownAnswer }) => ownAnswer,
  ),
  column('score', 'number', "the parent's score; missing if the strategy has none", ({ score }) => score),
  column('pick_reason', 'string', 'why the parent was picked', ({ pickReason }) => pickReason),
  column('asked_before', 'integer', "how often the run had already asked about the parent's question", (line) => {
    return line.askedBefore;
  }),
  column('question', 'string', 'the new question', ({ question }) => question),
  column('answer', 'string', "the teacher's answer", ({ answer }) => answer),
  column('stratum', 'string', 'stratum of the new question', ({ stratum }) => stratum),
  column('question_request', 'string', 'sha256 of the request for the question', ({ questionRequest }) => {
    return questionRequest;
  }),
  column('answer_request', 'string', 'sha256 of the request for the answer', ({ answerRequest }) => answerRequest),
  column('input_tokens', 'integer', 'of all requests of the row', ({ inputTokens }) => inputTokens),
  column('output_tokens', 'integer', 'of all requests of the row', ({ outputTokens }) => outputTokens),
  column('usd', 'number', 'price of all requests of the row in USD', ({ usd }) => usd),
  column('seed_loss', 'number', "loss per token of the selecting student's own answer to the parent", (line) => {
    return line.parentLoss;
  }),
  column('loss', 'number', 'the same for the new question; both only with `analyses: true`', ({ loss }) => loss),
  column('seed_correct', 'boolean', "whether that answer agrees with the parent's reference", (line) => {
    return line.parentCorrect;
  }),
  column('correct', 'boolean', "whether that answer agrees with the teacher's", ({ correct }) => correct),
  column('seed_reward', 'number', "the reward model's grade of the answer to the parent", (line) => line.parentReward),
  column(
    'reward',
    'number',
    'the same for the new question; both only with `strategy: reward`',
    ({ reward }) => reward,
  ),
];

export interface CheckpointLine {
  readonly run: RunResults | ExperimentResults['runs'][number];
  readonly point: RunResults['curve'][number];
}

/** The columns of results.csv: one line for each evaluation of a run. */
export const checkpointColumns: readonly Documented<CheckpointLine>[] = [
  column('run', 'string', 'name of the run', ({ run }) => run.run),
  column('labels', 'string', 'what distinguishes the run in its experiment, as JSON', ({ run }) =>
    JSON.stringify(run.labels),
  ),
  column('strategy', 'string', 'name of the strategy', ({ run }) => run.config.strategy.name),
  column('random_seed', 'integer', 'random seed of the run', ({ run }) => run.config.seed),
  column('iteration', 'integer', '0 is the base student', ({ point }) => point.iteration),
  column('rows', 'integer', 'rows accepted so far', ({ point }) => point.rows),
  column('input_tokens', 'integer', 'teacher tokens so far, prompts', ({ point }) => point.inputTokens),
  column('output_tokens', 'integer', 'teacher tokens so far, answers', ({ point }) => point.outputTokens),
  column('usd', 'number', 'price so far in USD', ({ point }) => point.usd),
  column('correct', 'integer', 'correct answers on the test set', ({ point }) => point.overall.correct),
  column('total', 'integer', 'questions of the test set', ({ point }) => point.overall.total),
  column('accuracy', 'number', 'correct / total', ({ point }) => point.overall.accuracy),
  column('low', 'number', "lower end of Wilson's 95 % interval", ({ point }) => point.overall.interval.low),
  column('high', 'number', 'upper end', ({ point }) => point.overall.interval.high),
  column('macro_accuracy', 'number', 'mean of the accuracies of the strata', ({ point }) => point.macro),
];

export function columnsOf<Line>(columns: readonly Documented<Line>[], lines: readonly Line[]): Column[] {
  return columns.map(({ name, type, value }) => ({ name, type, values: lines.map(value) }));
}

/** RFC 4180; a missing value is an empty field. A text that a spreadsheet would run as a formula begins with an apostrophe. */
export function csvOf<Line>(columns: readonly Documented<Line>[], lines: readonly Line[]): string {
  const records = lines.map((line) => columns.map(({ value }) => field(value(line))).join(','));
  return [columns.map(({ name }) => name).join(','), ...records].map((record) => `${record}\r\n`).join('');
}

function field(value: string | number | boolean | null): string {
  const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(value);
  const text = `${isFormula ? "'" : ''}${value ?? ''}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function column<Line>(
  name: string,
  type: ColumnType,
  meaning: string,
  value: Documented<Line>['value'],
): Documented<Line> {
  return { name, type, meaning, value };
}
