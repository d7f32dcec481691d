import type { StrategyConfig, StrategyInFile } from '../config/schema';

type Preset = Omit<StrategyConfig, 'name'>;
type PresetName = Extract<StrategyInFile, string>;

const byLoss: Preset = { score: 'loss', target: 'own', per: 'token', keep: 'high', select: 'top' };

/** The strategies that have a name (arXiv 2512.00884, section 3, unless said otherwise). */
const presets: Readonly<Record<PresetName, Preset>> = {
  random: { ...byLoss, score: 'random', select: 'uniform' },
  loss: byLoss,
  'true-loss': { ...byLoss, target: 'reference' },
  entropy: { ...byLoss, score: 'entropy' },
  /** LLM2LLM's rule: seeds that the student gets wrong, filled up with random others. */
  incorrect: { ...byLoss, score: 'incorrect' },
  /** The control arm: what the student is surest of. It must end below `random`, or a sign is wrong. */
  'loss-low': { ...byLoss, keep: 'low' },
};

/** Replaces a preset by what it means, and gives a strategy of one's own a name that says what it is. */
export function resolveStrategy(inFile: StrategyInFile): StrategyConfig {
  if (typeof inFile === 'string') {
    return { ...presets[inFile], name: inFile };
  }
  const strategy: Preset = { ...inFile, select: inFile.select ?? (inFile.score === 'random' ? 'uniform' : 'top') };
  const preset = Object.entries(presets).find(([, value]) => isSame(value, strategy));
  return { ...strategy, name: preset?.[0] ?? describe(strategy) };
}

/** What a strategy asks for and cannot have, with what would work. `key` is a key of the strategy. */
export function strategyProblems(strategy: StrategyConfig): { readonly key: string; readonly message: string }[] {
  const { score, select, keep, target } = strategy;
  const problems: { key: string; message: string }[] = [];
  if (score === 'random' && select !== 'uniform') {
    problems.push({ key: 'select', message: `score: random gives no score for select: ${select}; uniform works` });
  }
  if (score !== 'random' && select === 'uniform') {
    problems.push({ key: 'select', message: `select: uniform does not look at score: ${score}; use score: random` });
  }
  if (select === 'sample' && keep === 'low') {
    problems.push({
      key: 'keep',
      message: 'select: sample draws in proportion to the score; keep: low needs select: top',
    });
  }
  if (score === 'incorrect' && target === 'reference') {
    problems.push({ key: 'target', message: "score: incorrect looks at the student's own answer; target: own works" });
  }
  return problems;
}

const isSame = (left: Preset, right: Preset) =>
  left.score === right.score &&
  left.target === right.target &&
  left.per === right.per &&
  left.keep === right.keep &&
  left.select === right.select;

function describe({ score, target, per, keep, select }: Preset): string {
  return [
    score,
    ...(target === 'reference' ? [target] : []),
    ...(per === 'answer' ? ['sum'] : []),
    ...(keep === 'low' ? [keep] : []),
    ...(select === 'top' ? [] : [select]),
  ].join('-');
}
