import type { KeyPath } from './key-path';
import type { Problem } from './problems';
import type { RunConfig } from './schema';
import type { Sources } from './sources';

/** What no single value shows: values that contradict each other. */
export function checkConfig(config: RunConfig, sources: Sources): Problem[] {
  return [...teacherFindings(config), ...studentFindings(config), ...budgetFindings(config)].map(({ path, message }) =>
    sources.problem(path, message),
  );
}

interface Finding {
  readonly path: KeyPath;
  readonly message: string;
}

function teacherFindings({ teacher }: RunConfig): Finding[] {
  return teacher.provider === 'openai' && teacher.model === 'offline'
    ? [{ path: ['teacher', 'model'], message: 'missing: provider: openai needs the name of a model' }]
    : [];
}

function studentFindings({ student, task }: RunConfig): Finding[] {
  const { warm_up, finetune } = student;
  const findings: Finding[] = [];
  if (warm_up !== undefined && warm_up.rows > task.pool_size) {
    const message = `expected at most task.pool_size, which is ${task.pool_size}, got ${warm_up.rows}`;
    findings.push({ path: ['student', 'warm_up', 'rows'], message });
  }
  if (finetune.include_base_rows && warm_up === undefined) {
    const message = 'there are no base rows without student.warm_up; set warm_up, or include_base_rows: false';
    findings.push({ path: ['student', 'finetune', 'include_base_rows'], message });
  }
  return findings;
}

/** A cap below the worst case of a single request would end the run before its first row. */
function budgetFindings({ teacher, budget }: RunConfig): Finding[] {
  const { max_tokens, price } = teacher;
  const findings: Finding[] = [];
  if (budget.usd !== undefined && price === undefined) {
    const message = 'a cap in USD needs teacher.price: {input, output}, in USD per million tokens';
    findings.push({ path: ['budget', 'usd'], message });
  }
  if (budget.tokens !== undefined && budget.tokens <= max_tokens) {
    const message = `too small for one request: teacher.max_tokens alone is ${max_tokens}, got ${budget.tokens}`;
    findings.push({ path: ['budget', 'tokens'], message });
  }
  const answerUsd = price === undefined ? 0 : (max_tokens * price.output) / 1e6;
  if (budget.usd !== undefined && budget.usd < answerUsd) {
    const message = `too small for one request: teacher.max_tokens at teacher.price is USD ${answerUsd}, got ${budget.usd}`;
    findings.push({ path: ['budget', 'usd'], message });
  }
  return findings;
}
