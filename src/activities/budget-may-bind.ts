import { questionBytesMax } from '../core/budget/token-bound';
import { answersPerRow } from '../core/hygiene/agreement';
import { taskOf } from '../core/tasks/registry';
import { rowRules } from '../teacher';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';

/**
 * Whether `rows` more rows, all at worst-case price, could pass a cap of the run or of its experiment. A sum over the
 * ledger, done where the loop is served, which has no teacher's key.
 */
export function createBudgetMayBind({ ledger }: Pick<Dependencies, 'ledger'>) {
  return async function budgetMayBind(input: RunContext & { rows: number }): Promise<boolean> {
    const { config, experiment, run, rows } = input;
    const task = taskOf(config.task);
    if (task.newPart !== undefined || task.files?.examples !== undefined) {
      // Earlier turns and examples have no longest form: it may.
      return true;
    }
    const text = 'x'.repeat(questionBytesMax(config.teacher.max_tokens));
    const rules = rowRules(config.teacher, task, answersPerRow(config.hygiene));
    const worst = rules.worstRow({ seed: { id: '', question: text, answer: text, stratum: '' } });
    const names = [
      { kind: 'run' as const, name: run },
      ...(experiment === null ? [] : [{ kind: 'experiment' as const, name: experiment }]),
    ];
    const accounts = await Promise.all(names.map((name) => ledger.account(name)));
    const added = { samples: rows, tokens: rows * worst.tokens, nanoUsd: rows * worst.nanoUsd };
    return accounts.some(({ caps, committed }) =>
      (['samples', 'tokens', 'nanoUsd'] as const).some((cap) => {
        const limit = caps[cap];
        return limit !== null && committed[cap] + added[cap] > limit;
      }),
    );
  };
}
