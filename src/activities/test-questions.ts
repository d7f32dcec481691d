import type { Seed } from '../core/records';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { RunContext } from './run-context';

export interface TestQuestion extends Seed {
  readonly set: string;
}

/** All test questions, in the order in which they are answered and graded. */
export async function readTests(
  store: ArtifactStore,
  { prepared }: Pick<RunContext, 'prepared'>,
): Promise<TestQuestion[]> {
  const questions: TestQuestion[] = [];
  for (const set of Object.keys(prepared.tests).sort()) {
    const seeds = await store.readRecords<Seed>(prepared.tests[set] as never);
    questions.push(...seeds.map((seed) => ({ ...seed, set })));
  }
  return questions;
}
