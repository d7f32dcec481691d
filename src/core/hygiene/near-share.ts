import { randomStream } from '../random';
import type { Task } from '../tasks/task';
import { NearIndex, TOLERANCE } from './near-index';
import { wordingOf } from './pool-matches';

/** So many questions are looked up, among so many: enough for a share in percent, and seconds even for large files. */
const ASKED_MAX = 500;
const AMONG_MAX = 2000;
/** Of a question that is near to many, the nearest of so many is taken. */
const MATCHES_MAX = 5;
/** Of long texts fewer are compared. */
const CHARACTERS_MAX = 400_000;
/** Of a text that is longer than twice this, the beginning and the end are compared. */
const END_CHARACTERS = 1000;

/** From this share on, many new questions would be bought and rejected. */
const HIGH_SHARE = 0.1;

/** How much a user's own questions are alike, by the rule that rejects new ones. */
export interface NearShare {
  /** `hygiene.near`. */
  readonly near: number;
  /** Seed questions that were looked up. */
  readonly asked: number;
  /** Among so many seed questions and test questions. */
  readonly among: { readonly seeds: number; readonly tests: number };
  /** Share of those looked up that are near another seed question. */
  readonly toSeeds: number;
  /** Share of those looked up that are near a test question. */
  readonly toTests: number;
  /** One of the shares is so high that many new questions would be bought and rejected. */
  readonly isHigh: boolean;
  /** The lowest value of `hygiene.near` tried that would make both shares low; `null` where they are, or no value would. */
  readonly suggested: number | null;
}

/**
 * How many questions are near each other and near the test set: a teacher asked for questions of the same kind will write
 * about as many. Large sets are sampled.
 * @returns `null` for tasks whose new questions are not compared by their wording
 */
export function nearShare(
  task: Pick<Task, 'novelty'>,
  near: number,
  samples: { readonly seeds: WordingSample; readonly tests: WordingSample },
): NearShare | null {
  if (task.novelty !== 'near') {
    return null;
  }
  const sets = { seeds: samples.seeds.texts(), tests: samples.tests.texts() };
  const nearest = nearestOf(near, sets);
  const sharesAt = (threshold: number) => ({
    toSeeds: shareOf(nearest.toSeeds, threshold),
    toTests: shareOf(nearest.toTests, threshold),
  });
  const isHigh = (threshold: number) => Object.values(sharesAt(threshold)).some((share) => share >= HIGH_SHARE);
  const higher = [0.9, 0.95, 1].filter((value) => value > near);
  const suggested = isHigh(near) ? (higher.find((value) => !isHigh(value)) ?? higher.at(-1) ?? null) : null;
  const among = { seeds: sets.seeds.length, tests: sets.tests.length };
  return { near, asked: nearest.toSeeds.length, among, ...sharesAt(near), isHigh: isHigh(near), suggested };
}

const shareOf = (nearest: readonly number[], threshold: number) =>
  nearest.length === 0
    ? 0
    : nearest.filter((similarity) => similarity >= threshold - TOLERANCE).length / nearest.length;

interface Sets {
  readonly seeds: readonly string[];
  readonly tests: readonly string[];
}

/** The similarity of each question that is looked up to another seed, and to a test question; 0 where none is near. */
function nearestOf(threshold: number, { seeds, tests }: Sets) {
  const indexOf = (texts: readonly string[]) => {
    const index = new NearIndex(threshold);
    for (const text of texts) {
      index.add(text);
    }
    return index;
  };
  const [seedIndex, testIndex] = [indexOf(seeds), indexOf(tests)];
  const asked = seeds.slice(0, ASKED_MAX);
  return {
    toSeeds: asked.map((text, index) => similarityIn(seedIndex, text, index)),
    toTests: asked.map((text) => similarityIn(testIndex, text, null)),
  };
}

function similarityIn(index: NearIndex, text: string, own: number | null): number {
  let most = 0;
  let seen = 0;
  for (const { number, similarity } of index.near(text)) {
    if (number !== own) {
      most = Math.max(most, similarity);
      seen += 1;
      if (seen === MATCHES_MAX) {
        break;
      }
    }
  }
  return most;
}

/** The wordings of questions that are streamed: all of them, or a random sample, the same in every run (Vitter 1985, algorithm R). */
export class WordingSample {
  private readonly kept: string[] = [];
  private readonly stream = randomStream('near-share');
  private seen = 0;

  constructor(private readonly task: Pick<Task, 'newPart'>) {}

  see(question: string): void {
    const position = this.seen < AMONG_MAX ? this.seen : this.stream.integer(this.seen + 1);
    this.seen += 1;
    if (position < AMONG_MAX) {
      const text = wordingOf(this.task, question);
      this.kept[position] =
        text.length > 2 * END_CHARACTERS ? `${text.slice(0, END_CHARACTERS)} ${text.slice(-END_CHARACTERS)}` : text;
    }
  }

  /** In random order; of long texts fewer. */
  texts(): string[] {
    const texts: string[] = [];
    let characters = 0;
    for (const text of randomStream('near-share', 'order').shuffle(this.kept)) {
      characters += text.length;
      if (texts.length > 0 && characters > CHARACTERS_MAX) {
        break;
      }
      texts.push(text);
    }
    return texts;
  }
}
