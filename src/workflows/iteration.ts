import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { IterationOutcome } from '../core/run-record';
import { measurementsOf, SEEDS_PER_ROW } from '../core/strategies';
import { activityGroups } from './activity-options';
import { createTeacherWait } from './ask-teacher';
import { type Bought, rowBuyer } from './buy-rows';
import { accuracyText, showStage } from './display';
import { evaluateStudent } from './evaluate-student';
import type { IterationInput } from './iteration-input';
import { measuring } from './measure';
import { type IterationStatus, iterationStatusQuery, steeringSignal } from './messages';
import { createPausePoints } from './pause-points';

/**
 * One iteration of active distillation (arXiv 2512.00884, section 3): the student answers every seed of the pool, a
 * scorer says how much it needs each, the selector keeps those it needs most, the teacher writes a new question and a
 * worked answer for each, the student is finetuned on all rows so far, and evaluated.
 */
export async function iteration(input: IterationInput): Promise<IterationOutcome | null> {
  const controls = openControls(input);
  try {
    return await stepThrough(input, controls);
  } finally {
    controls.enter('ended');
  }
}

async function stepThrough(input: IterationInput, controls: Controls): Promise<IterationOutcome | null> {
  const { light, student } = activityGroups();
  const { pausePoints, enter, teacherWait, buyRows } = controls;
  const { strategy } = input.config;
  const count = SEEDS_PER_ROW * input.rowsWanted;
  // A pool that is ranked once is ranked by the base; later iterations find the finished jobs and paid calls of the first.
  const looking = { ...input, student: strategy.rescore === 'once' ? input.prepared.base : input.student, count };
  const pool = measuring(looking, { pausePoints, teacherWait });

  enter('predict');
  const predictions = measurementsOf(strategy).prediction ? await pool.predict() : null;

  enter('score');
  const scores = await pool.score(predictions);
  if (scores === 'overBudget') {
    return null;
  }

  const forSelect = enter('select');
  await pausePoints.safePoint();
  const { selectedBy, ...picks } = await light.select.executeWithOptions(forSelect, [
    { ...looking, predictions, scores },
  ]);

  enter('generate');
  const { gaveUp, ...bought } = await buyRows(picks, count);
  if (bought.accepted === 0) {
    return nothingBought({ ...bought, gaveUp });
  }

  const forFinetune = enter('finetune', `on ${bought.accepted} new rows of ${bought.asked} asked for`);
  const { droppedRows, trainingLoss, ...finetuned } = await pausePoints.interruptible(() =>
    student.finetune.executeWithOptions(forFinetune, [{ ...input, rows: bought.rows }]),
  );

  const forEvaluate = enter('evaluate', trainingLoss === undefined ? '' : `training loss ${trainingLoss.toFixed(3)}`);
  const evaluation = await evaluateStudent(
    { ...input, student: finetuned },
    { pausePoints, teacherWait, title: forEvaluate },
  );

  const { iteration } = input;
  const dropped = droppedRows === undefined ? {} : { droppedRows };
  const acceptedRejections = teacherWait.acceptedRejections();
  const accepted = Object.keys(acceptedRejections).length === 0 ? {} : { acceptedRejections };
  const { selection } = picks;
  const outcome = {
    iteration,
    predictions,
    scores,
    selection,
    selectedBy,
    ...bought,
    student: finetuned,
    ...dropped,
    ...accepted,
    evaluation,
  };
  if (input.config.analyses !== true) {
    return outcome;
  }
  const forDiagnose = enter('diagnose', accuracyText(evaluation));
  const diagnosis = await pausePoints.interruptible(() =>
    student.diagnose.executeWithOptions(forDiagnose, [{ ...looking, finishedIterations: null, rows: bought.rows }]),
  );
  return { ...outcome, diagnosis };
}

type Controls = ReturnType<typeof openControls>;

/** What surrounds the steps: how an iteration is shown, queried and steered while they work. */
function openControls(input: IterationInput) {
  let { steering } = input;
  let status: IterationStatus = {
    iteration: input.iteration,
    step: 'start',
    stepSinceMs: Date.now(),
    rowsWanted: input.rowsWanted,
    rowsAccepted: 0,
    waiting: null,
  };
  const pausePoints = createPausePoints({
    run: input.run,
    steering: () => steering,
    onWaiting: (waiting) => {
      status = { ...status, waiting };
      show();
    },
  });
  setHandler(iterationStatusQuery, () => status);
  setHandler(steeringSignal, (changed) => {
    steering = changed;
    pausePoints.steeringChanged();
  });

  /** Begins a step; returns what Temporal's UI shows beside the name of the step's activity. */
  function enter(step: string, known = ''): { summary: string } {
    status = { ...status, step, stepSinceMs: Date.now() };
    show();
    return { summary: `iteration ${input.iteration}${known === '' ? '' : `: ${known}`}` };
  }

  function show(): void {
    const { step, waiting, rowsAccepted, rowsWanted } = status;
    showStage({
      run: input.run,
      iteration: input.iteration,
      step,
      state: step === 'ended' ? 'ended' : waiting === null ? 'working' : 'waiting',
      details: { rows: `${rowsAccepted}/${rowsWanted}`, ...(waiting === null ? {} : { 'waits for': waiting.reason }) },
    });
  }

  const teacherWait = createTeacherWait({ input, pausePoints, steering: () => steering });
  const buyRows = rowBuyer({
    input,
    pausePoints,
    teacherWait,
    steering: () => steering,
    onAccepted: (rowsAccepted) => {
      status = { ...status, rowsAccepted };
    },
  });
  return { pausePoints, enter, teacherWait, buyRows };
}

/** No row to learn from: ends the run where a cap or a person was the reason (`null`), fails where the answers were. */
function nothingBought({ asked, overBudget, gaveUp, reasons }: Bought): null {
  if (overBudget > 0 || gaveUp) {
    return null;
  }
  const counted = Object.entries(reasons).map(([reason, count]) => `${count} times ${reason}`);
  throw ApplicationFailure.nonRetryable(
    `the teacher was asked for ${asked} rows and none could be used: ${counted.slice(0, 3).join('; ')}`,
    'no-rows-accepted',
  );
}
