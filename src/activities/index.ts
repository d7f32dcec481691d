import { createArchive } from './archive';
import { createBatchSteps } from './batch';
import { createBudgetMayBind } from './budget-may-bind';
import { createCollectRows } from './collect-rows';
import type { Dependencies } from './dependencies';
import { createDiversify } from './diversify';
import { createEvaluate } from './evaluate';
import { createExportHistory } from './export-history';
import { createFinetune } from './finetune';
import { createGenerate } from './generate';
import { createGrade } from './grade';
import { createLoadPlan } from './load-plan';
import { createPredict } from './predict';
import { createPrepare } from './prepare';
import { createReadData } from './read-data';
import { createReflect } from './reflect';
import { createReward, createScore, createSketch } from './score';
import { createSelect } from './select';
import { createJoinParts } from './shards';
import { createChangeBudget, createNoteSteering, createNoteWaiting } from './steering';

/** The steps by task queue: which process may do which. */
export function createActivities(dependencies: Dependencies) {
  return {
    loop: {
      loadPlan: createLoadPlan(dependencies),
      readData: createReadData(dependencies),
      joinParts: createJoinParts(dependencies),
      select: createSelect(dependencies),
      budgetMayBind: createBudgetMayBind(dependencies),
      collectRows: createCollectRows(dependencies),
      archive: createArchive(dependencies),
      exportHistory: createExportHistory(dependencies),
    },
    ...createSteeringSteps(dependencies),
    teacher: {
      grade: createGrade(dependencies),
      generate: createGenerate(dependencies),
      ...createBatchSteps(dependencies),
    },
    student: {
      prepare: createPrepare(dependencies),
      predict: createPredict(dependencies),
      score: createScore(dependencies),
      reward: createReward(dependencies),
      sketch: createSketch(dependencies),
      diversify: createDiversify(dependencies),
      finetune: createFinetune(dependencies),
      evaluate: createEvaluate(dependencies),
      reflect: createReflect(dependencies),
    },
  };
}

/** Small steps that need no key and no engine: one command can serve them for the moment. */
export function createSteeringSteps(dependencies: Pick<Dependencies, 'ledger' | 'workspace'>) {
  return {
    steering: {
      changeBudget: createChangeBudget(dependencies),
      noteSteering: createNoteSteering(dependencies),
      noteWaiting: createNoteWaiting(dependencies),
    },
  };
}

type ByQueue = ReturnType<typeof createActivities>;
export type Activities = ByQueue['loop'] & ByQueue['steering'] & ByQueue['teacher'] & ByQueue['student'];
