import { measurementsOf } from '../strategies';
import { graderKind } from '../tasks/grader-kind';
import { configuredTask } from '../tasks/registry';
import { judgeOf } from './judge-of';
import type { ConfigFinding } from './problems';
import type { RunConfig } from './schema';

/** What a strategy needs but the rest of the file does not provide, with what would work. */
export function strategyFindings(config: RunConfig): ConfigFinding[] {
  const { score } = config.strategy;
  const needs = measurementsOf(config.strategy);
  return [
    ...severalAnswersFindings(config),
    ...(needs.measurement === 'reward' ? rewardFindings(config) : []),
    ...(needs.measurement === 'grades' ? judgeFindings(config, ['strategy', 'score'], score) : []),
    ...graderFindings(config),
  ];
}

/** Answers that a judge or a program grades have no verdict of their own, which these keys need. */
function graderFindings(config: RunConfig): ConfigFinding[] {
  const grader = graderKind(config.task);
  if (grader === null) {
    return [];
  }
  const needVerdicts = (path: ConfigFinding['path'], key: string, next: string) => ({
    path,
    message: `${key} needs verdicts that cost nothing, and check: ${grader} has none; ${next}`,
  });
  return [
    ...(grader === 'judge' && measurementsOf(config.strategy).measurement !== 'grades'
      ? judgeFindings(config, ['task', 'check'], config.strategy.score)
      : []),
    ...(config.strategy.score === 'incorrect'
      ? [needVerdicts(['strategy', 'score'], 'score: incorrect', 'use score: judge or loss')]
      : []),
    ...(config.analyses === true ? [needVerdicts(['analyses'], 'analyses: true', 'leave it out')] : []),
    ...(config.hygiene.verify === 'agreement'
      ? [needVerdicts(['hygiene', 'verify'], 'verify: agreement', 'use verify: none')]
      : []),
  ];
}

/** Several answers to a seed have a mean loss, entropy or probability; the other scores look at one answer. */
function severalAnswersFindings({ student, strategy }: RunConfig): ConfigFinding[] {
  const { answers = 1, temperature } = student.predict ?? {};
  if (answers === 1) {
    return [];
  }
  const path = ['student', 'predict', 'answers'];
  const isMean = ['loss', 'entropy', 'boundary'].includes(strategy.score) && strategy.target === 'own';
  return [
    ...(isMean
      ? []
      : [
          {
            path,
            message: `several answers to a seed need score: loss, entropy or boundary of own answers, not ${strategy.name}`,
          },
        ]),
    ...(temperature === 0 ? [{ path, message: 'temperature: 0 gives the same answer every time' }] : []),
  ];
}

function rewardFindings({ reward_model }: RunConfig): ConfigFinding[] {
  const message =
    'score: reward needs reward_model: {base: <directory or hub id>}, such as Skywork/Skywork-Reward-V2-Qwen3-0.6B; ' +
    'without one, score: judge grades by prompt, and score: incorrect by the reference answer';
  return reward_model === undefined ? [{ path: ['strategy', 'score'], message }] : [];
}

function judgeFindings(config: RunConfig, path: ConfigFinding['path'], score: string): ConfigFinding[] {
  const { budget, task } = config;
  const judge = judgeOf(config);
  const findings: ConfigFinding[] = [];
  if (judge.provider === 'offline' && path[0] === 'strategy' && !configuredTask(task).hasOfflineJudge) {
    const message =
      `score: ${score} needs a judge, and provider: offline has none for task ${task.kind}; ` +
      'set judge: {provider: openai, model: ...}, or use score: incorrect';
    findings.push({ path, message });
  }
  if (judge.provider === 'openai' && judge.model === 'offline') {
    findings.push({ path: ['judge', 'model'], message: 'missing: provider: openai needs a model name' });
  }
  if (budget.usd !== undefined && judge.price === undefined && config.teacher.price !== undefined) {
    const message =
      'a cap in USD needs judge.price: {input, output}, since the judge is another model than the teacher';
    findings.push({ path: ['judge', 'price'], message });
  }
  return findings;
}
