import type { StrategyConfig, StrategyInFile } from '../config/schema';
import { scorers } from './scorers';

type Preset = Omit<StrategyConfig, 'name'>;
type PresetName = Extract<StrategyInFile, string>;

/** The strategies that have a name (arXiv 2512.00884, section 3, unless said otherwise). */
const presets: Readonly<Record<PresetName, Preset>> = {
  random: usual('random'),
  /** Random picks, evenly over the strata: shows how much of a gain is mere rebalancing of a skewed pool. */
  stratified: { ...usual('random'), select: 'stratified' },
  loss: usual('loss'),
  'true-loss': { ...usual('loss'), target: 'reference' },
  entropy: usual('entropy'),
  /** LLM2LLM's rule: seeds that the student gets wrong, filled up with random others. */
  incorrect: usual('incorrect'),
  reward: usual('reward'),
  judge: usual('judge'),
  lion: usual('lion'),
  badge: usual('badge'),
  'true-badge': { ...usual('badge'), target: 'reference' },
  /** The control arm: what the student is surest of. It must end below `random`, or a sign is wrong. */
  'loss-low': { ...usual('loss'), keep: 'low' },
};

/** Replaces a preset by what it means, and gives a strategy of one's own a name that says what it is. */
export function resolveStrategy(inFile: StrategyInFile): StrategyConfig {
  if (typeof inFile === 'string') {
    return { ...presets[inFile], name: inFile };
  }
  const { keeps, selects } = scorers[inFile.score];
  const strategy: Preset = { ...inFile, keep: inFile.keep ?? keeps, select: inFile.select ?? selects };
  const preset = Object.entries(presets).find(([, value]) => isSame(value, strategy));
  return { ...strategy, name: preset?.[0] ?? describe(strategy) };
}

/** What a strategy asks for and cannot have, with what would work. `key` is a key of the strategy. */
export function strategyProblems(strategy: StrategyConfig): { readonly key: string; readonly message: string }[] {
  const { score, select, target, temperature } = strategy;
  const { targets } = scorers[score];
  const problems: { key: string; message: string }[] = [];
  const isBlind = select === 'uniform' || select === 'stratified';
  if (score === 'random' && !isBlind) {
    problems.push({ key: 'select', message: `score: random gives no score for select: ${select}; uniform works` });
  }
  if (score !== 'random' && isBlind) {
    problems.push({ key: 'select', message: `select: ${select} does not look at score: ${score}; use score: random` });
  }
  if (score === 'badge' && select !== 'kmeans++' && !isBlind) {
    const message = `score: badge is a gradient and no number for select: ${select}; kmeans++ works`;
    problems.push({ key: 'select', message });
  }
  if (select === 'kmeans++' && score !== 'badge' && score !== 'random') {
    const message = `select: kmeans++ needs gradients, which score: ${score} has not; use score: badge, or select: top`;
    problems.push({ key: 'select', message });
  }
  if (score === 'badge' && strategy.keep === 'low') {
    problems.push({ key: 'keep', message: 'score: badge has no low end; keep: high works' });
  }
  if (temperature !== 1 && select !== 'sample') {
    problems.push({ key: 'temperature', message: `select: ${select} has no temperature; it needs select: sample` });
  }
  if (targets.length > 0 && !targets.includes(target)) {
    problems.push({ key: 'target', message: `score: ${score} looks at the student's own answer; target: own works` });
  }
  return problems;
}

/** A scorer as it is when nothing else is said. */
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
