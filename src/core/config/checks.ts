import { priceList, type WorstCase, worstCase } from '../budget/price';
import { inputTokensMax, questionBytesMax } from '../budget/token-bound';
import { taskOf } from '../tasks';
import type { Task } from '../tasks/task';
import type { KeyPath } from './key-path';
import type { Problem } from './problems';
import type { RunConfig } from './schema';
import type { Sources } from './sources';
import { strategyFindings } from './strategy-checks';

/** What no single value shows: values that contradict each other. */
export function checkConfig(config: RunConfig, sources: Sources): Problem[] {
  const findings = [
    ...taskFindings(config),
    ...agreementFindings(config),
    ...teacherFindings(config),
    ...studentFindings(config),
    ...budgetFindings(config),
    ...strategyFindings(config),
  ];
  return findings.map(({ path, message }) => sources.problem(path, message));
}

export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
}

function taskFindings({ task, hygiene }: RunConfig): Finding[] {
  const findings: Finding[] = [];
  if (task.kind === 'jsonl' && task.check === 'regex' && task.pattern === undefined) {
    findings.push({ path: ['task', 'pattern'], message: 'missing: check: regex needs a pattern' });
  }
  if (task.kind === 'gsm8k' && task.source === 'templates' && (task.train ?? task.test) !== undefined) {
    findings.push({
      path: ['task', 'source'],
      message: 'source: templates makes its data; train and test are for source: published',
    });
  }
  if (task.kind === 'gsm8k' && task.source === 'published' && task.numbers !== undefined) {
    findings.push({ path: ['task', 'numbers'], message: 'only for source: templates' });
  }
  if (hygiene.verify === 'checker' && taskOf(task).verify === null) {
    const message = `the task ${task.kind} cannot tell from a question alone whether an answer is right`;
    findings.push({ path: ['hygiene', 'verify'], message });
  }
  return findings;
}

/** What `verify: agreement` needs, and what is of use to it alone. */
function agreementFindings({ hygiene, teacher }: RunConfig): Finding[] {
  if (hygiene.verify === 'agreement') {
    const message = 'verify: agreement needs answers that can differ; set teacher.temperature above 0';
    return teacher.temperature === 0 ? [{ path: ['hygiene', 'verify'], message }] : [];
  }
  return (['samples', 'agree'] as const)
    .filter((key) => hygiene[key] !== undefined)
    .map((key) => ({ path: ['hygiene', key], message: `only for verify: agreement, got verify: ${hygiene.verify}` }));
}

function teacherFindings({ teacher, task }: RunConfig): Finding[] {
  if (teacher.provider === 'openai') {
    const noisy = (teacher.noise ?? 0) > 0;
    return [
      ...(teacher.model === 'offline'
        ? [{ path: ['teacher', 'model'], message: 'missing: provider: openai needs the name of a model' }]
        : []),
      ...(noisy ? [{ path: ['teacher', 'noise'], message: 'only the offline teacher errs on demand' }] : []),
    ];
  }
  if (teacher.mode === 'batch') {
    return [
      { path: ['teacher', 'mode'], message: 'mode: batch needs provider: openai; the offline teacher has no jobs' },
    ];
  }
  if (taskOf(task).hasOfflineTeacher) {
    return [];
  }
  const way = task.kind === 'gsm8k' && task.source === 'published' ? 'task.source: templates, or ' : '';
  const message = `the offline teacher does not know the task ${task.kind} with these settings; set ${way}teacher.provider: openai`;
  return [{ path: ['teacher', 'provider'], message }];
}

function studentFindings({ student, task }: RunConfig): Finding[] {
  const { warm_up, finetune } = student;
  const findings: Finding[] = [];
  if (warm_up !== undefined && task.pool_size !== undefined && warm_up.rows > task.pool_size) {
    const message = `expected at most task.pool_size, which is ${task.pool_size}, got ${warm_up.rows}`;
    findings.push({ path: ['student', 'warm_up', 'rows'], message });
  }
  if (finetune.include_base_rows && warm_up === undefined) {
    const message = 'there are no base rows without student.warm_up; set warm_up, or include_base_rows: false';
    findings.push({ path: ['student', 'finetune', 'include_base_rows'], message });
  }
  return findings;
}

/** A cap below the worst case of a single row would end the run before its first one. */
function budgetFindings({ teacher, budget, task }: RunConfig): Finding[] {
  const { price } = teacher;
  const findings: Finding[] = [];
  if (budget.usd !== undefined && price === undefined) {
    const message = 'a cap in USD needs teacher.price: {input, output}, in USD per million tokens';
    findings.push({ path: ['budget', 'usd'], message });
  }
  const row = leastWorstRow(teacher, taskOf(task));
  const next = 'raise it, or lower teacher.max_tokens';
  if (budget.tokens !== undefined && budget.tokens < row.tokens) {
    const message = `too small for one row, which may take ${row.tokens} tokens; got ${budget.tokens}: ${next}`;
    findings.push({ path: ['budget', 'tokens'], message });
  }
  if (budget.usd !== undefined && budget.usd * 1e9 < row.nanoUsd) {
    const message = `too small for one row, which may cost USD ${row.nanoUsd / 1e9}; got ${budget.usd}: ${next}`;
    findings.push({ path: ['budget', 'usd'], message });
  }
  return findings;
}

/** The worst case of a row from the shortest of seeds: what any row is reserved at, or more. */
function leastWorstRow(teacher: RunConfig['teacher'], task: Task): WorstCase {
  const { max_tokens } = teacher;
  const price = priceList(teacher);
  const seed = { id: '', question: '', answer: '', stratum: '' };
  const calls = [task.questionMessages(seed), task.answerMessages('x'.repeat(questionBytesMax(max_tokens)))];
  const [question, answer] = calls.map((messages) => worstCase(inputTokensMax(messages), max_tokens, price));
  return {
    tokens: (question?.tokens ?? 0) + (answer?.tokens ?? 0),
    nanoUsd: (question?.nanoUsd ?? 0) + (answer?.nanoUsd ?? 0),
  };
}
