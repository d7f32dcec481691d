import { isAbsolute } from 'node:path';
import type { RunRecord } from '../core/run-record';
import { accuracyOf, macroAccuracyOf, measuredOf } from '../core/statistics/accuracy';
import { wilsonInterval } from '../core/statistics/wilson';
import type { StudentFolder } from './dataset-card';
import { count, plural } from './phrases';
import { publishedConfig } from './published-config';

const LOAD_MODEL = [
  'from transformers import AutoModelForCausalLM, AutoTokenizer',
  'model = AutoModelForCausalLM.from_pretrained(".")',
  'tokenizer = AutoTokenizer.from_pretrained(".")',
];
const LOAD_ADAPTER = [
  'from peft import AutoPeftModelForCausalLM',
  'from transformers import AutoTokenizer',
  'model, tokenizer = AutoPeftModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")',
];

/** The card of an exported student: how to load it, what it scored, on what it was trained, under which licence. */
export function studentCard(options: {
  record: RunRecord;
  name: StudentFolder;
  /** That of the base, as its own card names it; `null` where it does not. */
  license: string | null;
  /** The README.md that the engine wrote: its table is the recipe. */
  own: string;
}): string {
  const { record, name, license, own } = options;
  const { config } = record;
  const isAdapter = name === 'student-adapter';
  const recipe = own.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| |'));
  return [
    '---',
    `library_name: ${isAdapter ? 'peft' : 'transformers'}`,
    'pipeline_tag: text-generation',
    ...(license === null ? [] : [`license: ${license}`]),
    ...(isAbsolute(config.student.base) || config.student.base === 'tiny'
      ? []
      : [`base_model: ${config.student.base}`]),
    'tags: [tutelage, active-distillation]',
    '---',
    '',
    `# The student of ${record.run}`,
    '',
    'In this folder:',
    '',
    '```python',
    ...(isAdapter ? LOAD_ADAPTER : LOAD_MODEL),
    '```',
    '',
    ...(name === 'student-merged'
      ? ['The adapter is merged into its base, which rounds: the figures are those of base and adapter.', '']
      : []),
    '| what | value |',
    '|---|---|',
    `| base | \`${publishedConfig(config).student.base}\`${config.student.revision === undefined ? '' : `, revision \`${config.student.revision}\``} |`,
    `| licence | ${license ?? 'not named by the card of the base; that of the base applies'} |`,
    `| data set | ${dataOf(record)} |`,
    ...metricsOf(record),
    ...recipe,
    '',
  ].join('\n');
}

function dataOf({ config, iterations }: RunRecord): string {
  const rows = iterations.reduce((sum, { accepted }) => sum + accepted, 0);
  return (
    `\`messages.jsonl\` of the same export: ${plural(rows, 'synthetic row')} for the task \`${config.task.kind}\`, written by ` +
    `\`${config.teacher.model}\` in ${plural(iterations.length, 'iteration')} (strategy \`${config.strategy.name}\`, random seed ${config.seed})`
  );
}

function metricsOf({ baseEvaluation, iterations }: RunRecord): string[] {
  const last = iterations.at(-1)?.evaluation ?? baseEvaluation;
  const percent = (share: number | null) => (share === null ? 'not measured' : `${(100 * share).toFixed(1)} %`);
  const { low, high } = wilsonInterval(last.overall.correct, measuredOf(last.overall));
  return [
    `| accuracy | ${percent(accuracyOf(last.overall))} of ${count(measuredOf(last.overall))} test questions (95 %: ${percent(low)} to ${percent(high)}); the base had ${percent(accuracyOf(baseEvaluation.overall))} |`,
    `| macro accuracy | ${percent(macroAccuracyOf(last.strata))}; the base had ${percent(macroAccuracyOf(baseEvaluation.strata))} |`,
  ];
}
