import type { RunConfig } from '../core/config/schema';
import { verifyingProgram } from '../core/hygiene/program-verification';
import type { AnswerGrade } from '../core/records';
import { ProgramGrader } from './check-program';

/** Asks the user's program about new rows while they are bought. */
export interface RowVerifier {
  verify(row: { readonly question: string; readonly answer: string }): Promise<AnswerGrade>;
  /** Ends the program. */
  end(): Promise<void>;
}

/**
 * `null` where no program verifies new rows. Rows come in several at once, and the program takes them one after another. A
 * crash or a timeout costs that row alone: where all fail, the purchase stops by the rule for useless rows.
 */
export function verifierOf(config: Pick<RunConfig, 'task' | 'hygiene'>, signal: AbortSignal): RowVerifier | null {
  const program = verifyingProgram(config);
  if (program === null) {
    return null;
  }
  const grader = new ProgramGrader(program);
  let last: Promise<unknown> = Promise.resolve();
  return {
    verify: ({ question, answer }) => {
      const grade = last.then(() => grader.grade({ question, reference: null, answer }, signal));
      last = grade.catch(() => undefined);
      return grade;
    },
    end: async () => {
      await last;
      await grader.end();
    },
  };
}
