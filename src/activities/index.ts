import { createArchive } from './archive';
import { createBatchSteps } from './batch';
import { createBudgetMayBind } from './budget-may-bind';
import { createCheckRows } from './check-rows';
import { createCollectRows } from './collect-rows';
import type { Dependencies } from './dependencies';
import { createDiagnose } from './diagnose';
import { createEvaluate } from './evaluate';
import { createExportHistory } from './export-history';
import { createFinetune } from './finetune';
import { createGenerate } from './generate';
import { createGrade } from './grade';
import { createGradeAnswers } from './grade-answers';
import { createLoadPlan } from './load-plan';
import { createPredict } from './predict';
import { createPrepare } from './prepare';
import { createReadData } from './read-data';
import { createGradientSketch, createReward, createScore } from './score';
import { createScreenQuestions } from './screen-questions';
import { createSelect } from './select';
import { createSelectDiverse } from './select-diverse';
import { createSettleEvaluation } from './settle-evaluation';
import { createJoinParts } from './shards';
import { createChangeBudget, createNoteSteering, createNoteWaiting } from './steering';

/** The steps by task queue: which process may do which. */
export function createActivities(dependencies: Dependencies) {
  const screenOf = createScreenQuestions(dependencies.store);
  return {
    loop: {
      loadPlan: createLoadPlan(dependencies),
      readData: createReadData(dependencies),
      joinParts: createJoinParts(dependencies),
      select: createSelect(dependencies),
      budgetMayBind: createBudgetMayBind(dependencies),
      collectRows: createCollectRows(dependencies),
      settleEvaluation: createSettleEvaluation(dependencies),
      archive: createArchive(dependencies),
      exportHistory: createExportHistory(dependencies),
    },
    ...createSteeringSteps(dependencies),
    teacher: {
      grade: createGrade(dependencies),
      gradeAnswers: createGradeAnswers(dependencies),
      generate: createGenerate(dependencies, screenOf),
      ...createBatchSteps(dependencies, screenOf),
    },
    student: {
      prepare: createPrepare(dependencies),
      checkRows: createCheckRows(dependencies),
      predict: createPredict(dependencies),
      score: createScore(dependencies),
      reward: createReward(dependencies),
      gradientSketch: createGradientSketch(dependencies),
      selectDiverse: createSelectDiverse(dependencies),
      finetune: createFinetune(dependencies),
      evaluate: createEvaluate(dependencies),
      diagnose: createDiagnose(dependencies),
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
