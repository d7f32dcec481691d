import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { Steering } from '../core/steering';
import type { IterationInput } from './iteration';
import { budgetReason, type Rest } from './rest';

/** Asks the teacher until it may be asked; `null` where somebody stopped the run instead. */
export type Patience = <Result extends { readonly refused: number }>(
  ask: () => Promise<Result>,
) => Promise<Result | null>;

/**
 * A teacher that refuses everything (wrong key, no quota, unknown model) is waited for until a person says `resume`, and
 * so is a cap where the run is to pause at it. Whoever stops the run meanwhile has what there is.
 */
export function createPatience(options: {
  readonly input: IterationInput;
  readonly rest: Rest;
  readonly steering: () => Steering;
}): { readonly patiently: Patience; readonly gaveUp: () => boolean } {
  const { input, rest, steering } = options;
  let gaveUp = false;

  const patiently: Patience = async (ask) => {
    for (;;) {
      const { resumes, capChanges } = steering();
      const answer = await askOnce(ask);
      const reason = 'refusal' in answer ? answer.refusal : capReason(answer);
      if (reason !== null) {
        await rest.waitForPerson(
          reason,
          () => steering().resumes > resumes || steering().capChanges > capChanges || steering().stopping !== null,
        );
      }
      gaveUp ||= reason !== null && steering().stopping !== null;
      if (reason === null || gaveUp) {
        return 'refusal' in answer ? null : answer;
      }
    }
  };

  function capReason({ refused }: { readonly refused: number }): string | null {
    return refused > 0 && input.config.budget.on_exhausted === 'pause' ? budgetReason(input.run) : null;
  }

  return { patiently, gaveUp: () => gaveUp };
}

async function askOnce<Result>(ask: () => Promise<Result>): Promise<Result | { readonly refusal: string }> {
  try {
    return await ask();
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === 'teacher-refused') {
      return { refusal: cause.message };
    }
    throw error;
  }
}
