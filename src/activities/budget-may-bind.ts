import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';

/** Whether `rows` more rows, all at worst-case price, could pass a cap of the run or of its experiment. */
export function createBudgetMayBind({ teacherOf }: Dependencies) {
  return async function budgetMayBind(input: RunContext & { rows: number }): Promise<boolean> {
    const teacher = await teacherOf(input.config);
    return teacher.budgetMayBind({ run: input.run, experiment: input.experiment }, input.rows);
  };
}
