import { canonicalJson } from '../core/canonical-json';
import type { RunRecord } from '../core/run-record';
import { taskOf } from '../core/tasks';
import type { PriceList } from '../store/ledger/prices';
import type { RowLine } from './data/row-line';
import { count, usd } from './wording';

export type StudentFolder = keyof typeof folders;

/** What each folder of a student holds. */
const folders = {
  student: 'the last student, all weights',
  'student-base': 'the base that the adapter stands on',
  'student-adapter': 'the last student, as a LoRA adapter',
  'student-merged':
    'the last student as one model, the adapter merged into its base. Merging is not bit-identical: figures of this run are ' +
    'those of base and adapter; its README.md says how far the merged logits are from theirs',
} as const;

/** The card of an exported dataset: how it was made, how much of it there is, what it cost, whose seeds and teacher. */
export function datasetCard(options: {
  record: RunRecord;
  lines: readonly RowLine[];
  prices: PriceList | null;
  students: readonly StudentFolder[];
}): string {
  const { record, lines, prices, students } = options;
  const { config } = record;
  const accepted = lines.filter(({ verdict }) => verdict === 'accepted');
  const { files } = taskOf(config.task);
  const seeds = files === null ? 'made by the task itself, no licence applies' : sourceOf(files.train);
  return [
    '---',
    'language: en',
    'tags: [synthetic, active-distillation, tutelage]',
    'configs:',
    '  - {config_name: default, data_files: messages.jsonl}',
    '---',
    '',
    `# ${record.run}`,
    '',
    `Synthetic rows for supervised finetuning, chosen by the student itself: in each of ${count(record.iterations.length)} iterations`,
    `the strategy \`${config.strategy.name}\` picked the seeds that the student needed most, and the teacher wrote a new question`,
    'and an answer for each (active distillation, arXiv 2512.00884), with tutelage.',
    '',
    '| what | value |',
    '|---|---|',
    `| rows | ${count(accepted.length)} accepted of ${count(lines.length)} asked for |`,
    `| seeds | ${count(new Set(accepted.map(({ parent }) => parent)).size)} different ones of the task \`${config.task.kind}\`; ${seeds} |`,
    `| teacher | \`${config.teacher.model}\` (${config.teacher.provider}), temperature ${config.teacher.temperature}; its terms of use apply to what it wrote |`,
    `| student | \`${config.student.base}\` |`,
    `| cost | ${costOf(prices, config.teacher.price !== undefined)} |`,
    `| random seed | ${config.seed} |`,
    `| task options | \`${canonicalJson(config.task).replaceAll('|', '\\|')}\` |`,
    '',
    '## Files',
    '',
    '- `messages.jsonl`: `messages` (user, assistant), and `id`, `seed`, `iteration`, `score` of each row',
    '- `prompt-completion.jsonl`: the same rows as `prompt` and `completion`',
    '- `rows.parquet`: every pick, accepted or not, with scores, verdicts, requests and prices; columns in docs/results-format.md',
    ...students.map((name) => `- \`${name}/\`: ${folders[name]}`),
    '',
    '## Limits',
    '',
    "Answers are the teacher's and may be wrong; the `verdict` column says what was checked. Difficulty is that of one student.",
    '',
  ].join('\n');
}

function sourceOf(
  source: { readonly path: string } | { readonly published: { name: string; url: string; license: string } },
) {
  return 'published' in source
    ? `${source.published.name}, licence ${source.published.license}, ${source.published.url}`
    : `from the file ${source.path.split('/').at(-1)}; its licence is known to whoever has it`;
}

function costOf(prices: PriceList | null, isPriced: boolean): string {
  if (prices === null) {
    return 'not known: the ledger is not in this workspace';
  }
  const sum = (pick: (one: PriceList['purchases'][number]) => number) =>
    prices.purchases.reduce((total, one) => total + pick(one), 0);
  const tokens = `${count(sum(({ inputTokens }) => inputTokens))} tokens in, ${count(sum(({ outputTokens }) => outputTokens))} out`;
  return `${tokens}${isPriced ? `, ${usd(sum(({ nanoUsd }) => nanoUsd) / 1000)}` : ''}`;
}
