import type { StrategyConfig, StrategyInFile } from '../config/schema';
import { scorers } from './scorers';

type Preset = Omit<StrategyConfig, 'name'>;
type PresetName = Extract<StrategyInFile, string>;

/** The strategies that have a name (arXiv 2512.00884, section 3, unless said otherwise). */
const presets: Readonly<Record<PresetName, Preset>> = {
  random: usual('random'),
  /** Random picks, evenly over the strata: shows how much of a gain comes from merely rebalancing a skewed pool. */
  stratified: { ...usual('random'), select: 'stratified' },
  loss: usual('loss'),
  'true-loss': { ...usual('loss'), target: 'reference' },
  entropy: usual('entropy'),
  /** Beyond the paper: seeds that the student could go either way on. Unlike the highest losses they can still be learnt. */
  boundary: usual('boundary'),
  /** LLM2LLM's rule: seeds that the student gets wrong, topped up with random others. */
  incorrect: usual('incorrect'),
  reward: usual('reward'),
  judge: usual('judge'),
  lion: usual('lion'),
  badge: usual('badge'),
  'true-badge': { ...usual('badge'), target: 'reference' },
  /** A set generated at once: seeds in one random order, which every iteration continues, whatever the student has learnt. */
  static: { ...usual('random'), rescore: 'once' },
  /** The control arm: the seeds that the student is most certain of. If it does not end below `random`, a sign is wrong. */
  'loss-low': { ...usual('loss'), keep: 'low' },
};

/** Replaces a preset by what it stands for, and gives a custom strategy a descriptive name. */
export function resolveStrategy(inFile: StrategyInFile): StrategyConfig {
  if (typeof inFile === 'string') {
    return { ...presets[inFile], name: inFile };
  }
  const { keeps, selects } = scorers[inFile.score];
  const strategy: Preset = { ...inFile, keep: inFile.keep ?? keeps, select: inFile.select ?? selects };
  const preset = Object.entries(presets).find(([, value]) => isSame(value, strategy));
  return { ...strategy, name: preset?.[0] ?? describe(strategy) };
}

/** Combinations that do not work, with what would. `key` is a key of the strategy. */
export function strategyProblems(strategy: StrategyConfig): { readonly key: string; readonly message: string }[] {
  const { score, select, target, temperature } = strategy;
  const { targets } = scorers[score];
  const problems: { key: string; message: string }[] = [];
  const isBlind = select === 'uniform' || select === 'stratified';
  if (score === 'random' && !isBlind) {
    problems.push({ key: 'select', message: `score: random has no scores for select: ${select}; use select: uniform` });
  }
  if (score !== 'random' && isBlind) {
    problems.push({ key: 'select', message: `select: ${select} does not look at score: ${score}; use score: random` });
  }
  if (score === 'badge' && select !== 'kmeans++' && !isBlind) {
    const message = `score: badge gives a gradient, not a number that select: ${select} could use; use select: kmeans++`;
    problems.push({ key: 'select', message });
  }
  if (select === 'kmeans++' && score !== 'badge' && score !== 'random') {
    const message = `select: kmeans++ needs gradients, which score: ${score} does not have; use score: badge, or select: top`;
    problems.push({ key: 'select', message });
  }
  if (select === 'balanced' && score !== 'lion' && score !== 'random' && score !== 'badge') {
    const message = `select: balanced draws evenly from two halves of score: ${score}, which is random selection; use select: top or sample, or score: lion, which has a line between hard and easy`;
    problems.push({ key: 'select', message });
  }
  if (score === 'badge' && strategy.keep === 'low') {
    problems.push({ key: 'keep', message: 'score: badge has no low end; use keep: high' });
  }
  if (temperature !== 1 && select !== 'sample') {
    problems.push({ key: 'temperature', message: `select: ${select} has no temperature; it needs select: sample` });
  }
  if (targets.length > 0 && !targets.includes(target)) {
    problems.push({
      key: 'target',
      message: `score: ${score} always scores the student's own answer; use target: own`,
    });
  }
  return problems;
}

/** A scorer with its default settings. */
function usual(score: StrategyConfig['score']): Preset {
  const { keeps, selects } = scorers[score];
  return { score, target: 'own', per: 'token', keep: keeps, select: selects, temperature: 1, rescore: 'each' };
}

const isSame = (left: Preset, right: Preset) =>
  left.score === right.score &&
  left.target === right.target &&
  left.per === right.per &&
  left.keep === right.keep &&
  left.select === right.select &&
  left.temperature === right.temperature &&
  left.rescore === right.rescore;

function describe({ score, target, per, keep, select, temperature, rescore }: Preset): string {
  const { keeps, selects } = scorers[score];
  return [
    score,
    ...(target === 'reference' ? [target] : []),
    ...(per === 'answer' ? ['sum'] : []),
    ...(keep === keeps ? [] : [keep]),
    ...(select === selects ? [] : [select]),
    ...(temperature === 1 ? [] : [`t${temperature}`]),
    ...(rescore === 'once' ? [rescore] : []),
  ].join('-');
}
