import type { RunConfig } from '../core/config/schema';
import { taskOf } from '../core/tasks/registry';
import type { Verdict } from '../core/tasks/task';
import { outputOf } from '../student';
import type { Dependencies } from './dependencies';
import { studentStep } from './student-step';

/** An answer with what the task's own check found. */
interface Checked extends Pick<Verdict, 'state'> {
  readonly reference: string;
  readonly text: string;
}

/**
 * Asks the engine about answers that the task's check finds readable and wrong, all in one job: in mathematics the same
 * value has many forms. Answers index -> the engine's state for those that were asked about; none for tasks whose check
 * is the last word.
 */
export function secondOpinions(dependencies: Pick<Dependencies, 'store' | 'students' | 'workspace'>) {
  const { store } = dependencies;
  const doJob = studentStep(dependencies);

  return async (run: string, config: RunConfig, answers: readonly Checked[]): Promise<ReadonlyMap<number, string>> => {
    const { secondOpinion } = taskOf(config.task);
    const pairs = answers.flatMap(({ reference, text, state }, index) => {
      const pair = state === 'wrong' ? (secondOpinion?.pair(reference, text) ?? null) : null;
      return pair === null ? [] : [{ id: String(index), ...pair }];
    });
    if (secondOpinion === null || pairs.length === 0) {
      return new Map();
    }
    const result = await doJob(run, {
      op: secondOpinion.op,
      model: null,
      inputs: { answers: [await store.putRecords('pairs', pairs)] },
      parameters: {},
      threads: config.student.threads,
    });
    const verdicts = await store.readRecords<{ id: string; state: string }>(outputOf(result, 'verdicts'));
    return new Map(verdicts.map(({ id, state }) => [Number(id), state]));
  };
}
