import { judgeOf, measurementsOf } from '../strategies';
import type { Finding } from './checks';
import type { RunConfig } from './schema';

/** What a strategy needs and the rest of the file does not give, with what would work. */
export function strategyFindings(config: RunConfig): Finding[] {
  const { score } = config.strategy;
  const needs = measurementsOf(config.strategy);
  return [
    ...(needs.measurement === 'reward' ? rewardFindings(config) : []),
    ...(needs.measurement === 'grades' ? judgeFindings(config, score) : []),
  ];
}

function rewardFindings({ reward_model }: RunConfig): Finding[] {
  const message =
    'score: reward needs reward_model: {base: <directory or hub id>}, such as Skywork/Skywork-Reward-V2-Qwen3-0.6B; ' +
    'without one, score: judge grades by prompt, and score: incorrect by the reference answer';
  return reward_model === undefined ? [{ path: ['strategy', 'score'], message }] : [];
}

function judgeFindings(config: RunConfig, score: string): Finding[] {
  const { budget, task } = config;
  const judge = judgeOf(config);
  const findings: Finding[] = [];
  if (judge.provider === 'offline' && !hasOfflineJudge(task)) {
    const message =
      `score: ${score} needs a judge, and provider: offline has none for task ${task.kind}; ` +
      'set judge: {provider: openai, model: ...}, or use score: incorrect';
    findings.push({ path: ['strategy', 'score'], message });
  }
  if (judge.provider === 'openai' && judge.model === 'offline') {
    findings.push({ path: ['judge', 'model'], message: 'missing: provider: openai needs the name of a model' });
  }
  if (budget.usd !== undefined && judge.price === undefined && config.teacher.price !== undefined) {
    const message =
      'a cap in USD needs judge.price: {input, output}, since the judge is another model than the teacher';
    findings.push({ path: ['judge', 'price'], message });
  }
  return findings;
}

/** The offline judge knows right from wrong by the task's rules alone. */
function hasOfflineJudge(task: RunConfig['task']): boolean {
  return task.kind === 'operator-chains';
}
