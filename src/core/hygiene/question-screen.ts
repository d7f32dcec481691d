import type { HygieneConfig } from '../config/schema';
import type { KnownQuestions } from './known-questions';
import { questionRejection, type Rejection } from './row-filter';

/**
 * Why a new question cannot be kept, before an answer to it is bought; `null` where that depends on the answer or on
 * the other rows of its round, which are compared in rank order once all are there.
 */
export type QuestionScreen = (question: string) => Rejection | null;

/** @param known what was there before the round: test sets and pool first, then the rows of finished iterations */
export function questionScreen(
  known: readonly Pick<KnownQuestions, 'find'>[],
  hygiene: Pick<HygieneConfig, 'duplicates'>,
): QuestionScreen {
  return (question) => {
    for (const questions of known) {
      const rejection = questionRejection(questions.find(question), hygiene);
      if (rejection !== null) {
        return rejection;
      }
    }
    return null;
  };
}
