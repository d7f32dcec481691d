import { priceList, usdOf, type WorstCase, worstCase } from '../budget/price';
import { questionBytesMax } from '../budget/token-bound';
import { configuredTask, type TaskConfig, taskOf } from '../tasks/registry';
import type { Task } from '../tasks/task';
import { endpointFindings } from './endpoint-checks';
import type { ConfigFinding, ConfigProblem } from './problems';
import { requestTokensMax } from './request-fields';
import type { RunConfig } from './schema';
import type { Sources } from './sources';
import { strategyFindings } from './strategy-checks';

/** Why the module of a task cannot be loaded; `null` where it can, or where the task has none. */
export function unloadableTask(task: TaskConfig, sources: Sources): ConfigProblem | null {
  const problem = configuredTask(task).unloadable(sources.located);
  return problem === null ? null : sources.problem(['task', 'kind'], problem);
}

/** Checks across values: what no single value shows. */
export function checkConfig(written: RunConfig, sources: Sources): ConfigProblem[] {
  const unloadable = unloadableTask(written.task, sources);
  if (unloadable !== null) {
    return [unloadable];
  }
  const config = { ...written, task: configuredTask(written.task).withPaths(sources.located) };
  const findings = [
    ...taskFindings(config),
    ...agreementFindings(config),
    ...teacherFindings(config),
    ...endpointFindings('teacher', config.teacher),
    ...endpointFindings('judge', config.judge ?? {}),
    ...studentFindings(config),
    ...budgetFindings(config),
    ...strategyFindings(config),
  ];
  return findings.map(({ path, message }) => sources.problem(path, message));
}

function taskFindings({ task, hygiene }: RunConfig): ConfigFinding[] {
  const findings = [...configuredTask(task).findings()];
  const { verify, grader } = taskOf(task);
  const at = (message: string) => findings.push({ path: ['hygiene', 'verify'], message });
  if (hygiene.verify === 'checker' && verify === null && grader?.kind !== 'command') {
    at(
      grader?.kind === 'judge'
        ? `the task ${task.kind} cannot check an answer without a reference, and grades of a judge are bought for evaluations alone; use verify: none`
        : `the task ${task.kind} cannot check an answer without a reference; use verify: agreement, or a program of your own (check: command)`,
    );
  }
  if (hygiene.verify === 'agreement' && grader != null) {
    const next = grader.kind === 'command' ? 'checker, which asks your program about each new row' : 'none';
    at(`agreement compares answers with each other, which check: ${grader.kind} cannot do; use verify: ${next}`);
  }
  return findings;
}

/** What `verify: agreement` needs, and the keys that only it uses. */
function agreementFindings({ hygiene, teacher }: RunConfig): ConfigFinding[] {
  if (hygiene.verify === 'agreement') {
    const message =
      'verify: agreement compares several answers, which are all equal at temperature 0; set teacher.temperature above 0';
    return teacher.temperature === 0 ? [{ path: ['hygiene', 'verify'], message }] : [];
  }
  return (['answers', 'agree'] as const)
    .filter((key) => hygiene[key] !== undefined)
    .map((key) => ({ path: ['hygiene', key], message: `only for verify: agreement, got verify: ${hygiene.verify}` }));
}

function teacherFindings({ teacher, task }: RunConfig): ConfigFinding[] {
  if (teacher.provider === 'openai') {
    const noisy = (teacher.noise ?? 0) > 0;
    return [
      ...(teacher.model === 'offline'
        ? [{ path: ['teacher', 'model'], message: 'missing: provider: openai needs a model name' }]
        : []),
      ...(noisy ? [{ path: ['teacher', 'noise'], message: 'noise is only for provider: offline' }] : []),
    ];
  }
  if (teacher.mode === 'batch') {
    return [
      {
        path: ['teacher', 'mode'],
        message: 'mode: batch needs provider: openai; the offline teacher has no batches API',
      },
    ];
  }
  if (taskOf(task).hasOfflineTeacher) {
    return [];
  }
  const option = configuredTask(task).offlineTeachableWith();
  const next = `${option === null ? '' : `${option}, or `}teacher.provider: openai`;
  const message = `the offline teacher cannot teach the task ${task.kind} with these settings; set ${next}`;
  return [{ path: ['teacher', 'provider'], message }];
}

function studentFindings({ student, task }: RunConfig): ConfigFinding[] {
  const { warm_up, finetune } = student;
  const findings: ConfigFinding[] = [];
  if (warm_up !== undefined && task.pool_size !== undefined && warm_up.rows > task.pool_size) {
    const message = `expected at most task.pool_size, which is ${task.pool_size}, got ${warm_up.rows}`;
    findings.push({ path: ['student', 'warm_up', 'rows'], message });
  }
  if (finetune.include_base_rows && warm_up === undefined) {
    const message = 'without student.warm_up there are no base rows; set warm_up, or include_base_rows: false';
    findings.push({ path: ['student', 'finetune', 'include_base_rows'], message });
  }
  return findings;
}

/** A cap below the worst case of a single row would end the run before its first row. */
function budgetFindings({ teacher, budget, task }: RunConfig): ConfigFinding[] {
  const { price } = teacher;
  const findings: ConfigFinding[] = [];
  if (budget.usd !== undefined && price === undefined) {
    const message = 'a cap in USD needs teacher.price: {input, output}, in USD per million tokens';
    findings.push({ path: ['budget', 'usd'], message });
  }
  const row = leastWorstRow(teacher, taskOf(task));
  const next = 'raise it, or lower teacher.max_tokens';
  if (budget.tokens !== undefined && budget.tokens < row.tokens) {
    const message = `too small for even one row, which may take up to ${row.tokens} tokens; got ${budget.tokens}: ${next}`;
    findings.push({ path: ['budget', 'tokens'], message });
  }
  if (budget.usd !== undefined && budget.usd * 1e9 < row.nanoUsd) {
    const message = `too small for even one row, which may cost up to $${usdOf(row.nanoUsd)}; got ${budget.usd}: ${next}`;
    findings.push({ path: ['budget', 'usd'], message });
  }
  return findings;
}

/** The worst case of a row from the shortest possible seed: every row is reserved at this price or more. */
function leastWorstRow(teacher: RunConfig['teacher'], task: Task): WorstCase {
  const { max_tokens } = teacher;
  const price = priceList(teacher);
  const seed = { id: '', question: '', answer: '', stratum: '' };
  const calls = [task.questionMessages(seed), task.answerMessages('x'.repeat(questionBytesMax(max_tokens)))];
  const [question, answer] = calls.map((messages) => worstCase(requestTokensMax(teacher, messages), max_tokens, price));
  return {
    tokens: (question?.tokens ?? 0) + (answer?.tokens ?? 0),
    nanoUsd: (question?.nanoUsd ?? 0) + (answer?.nanoUsd ?? 0),
  };
}
