import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { RunContext } from '../activities/run-context';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { IterationOutcome } from '../core/run-record';
import type { Steering } from '../core/steering';
import { measurementsOf } from '../core/strategies';
import { activityGroups } from './activity-options';
import { type Bought, rowBuyer } from './buy-rows';
import { showStage } from './display';
import { measuring } from './measure';
import { type IterationStatus, iterationStatusQuery, steeringSignal } from './messages';
import { createPatience } from './patience';
import { createRest } from './rest';

export interface IterationInput extends RunContext {
  readonly iteration: number;
  /** The student that answers and is scored: the base in iteration 1, then the one of the iteration before. */
  readonly student: ModelRef;
  /** Records of all finished iterations; `null` before the first. */
  readonly past: ArtifactRef | null;
  readonly rowsWanted: number;
  readonly steering: Steering;
}

/** Seeds selected per row wanted: the second half are replacements, used in rank order for rows that were rejected. */
const PICKS_PER_ROW = 2;

/**
 * One iteration of active distillation (arXiv 2512.00884, section 3): the student answers every seed of the pool, a
 * scorer says how much it needs each, the selector keeps those it needs most, the teacher writes a new question and a
 * worked answer for each, the student is finetuned on all rows so far, and evaluated.
 */
export async function iteration(input: IterationInput): Promise<IterationOutcome | null> {
  const desk = openIteration(input);
  try {
    return await stepThrough(input, desk);
  } finally {
    desk.enter('ended');
  }
}

async function stepThrough(input: IterationInput, desk: Desk): Promise<IterationOutcome | null> {
  const { light, student } = activityGroups();
  const { rest, enter, patience, buyRows } = desk;
  const { strategy } = input.config;
  const count = PICKS_PER_ROW * input.rowsWanted;
  // A pool that is ranked once is ranked by the base; the engine and the ledger find that it was done before.
  const looking = { ...input, student: strategy.rescore === 'once' ? input.prepared.base : input.student, count };
  const pool = measuring(looking, { rest, patience });

  enter('predict');
  const predictions = measurementsOf(strategy).prediction ? await pool.predict() : null;

  enter('score');
  const scores = await pool.score(predictions);
  if (scores === 'refused') {
    return null;
  }

  const forSelect = enter('select');
  await rest.safePoint();
  const { selectedBy, ...picks } = await light.select.executeWithOptions(forSelect, [
    { ...looking, predictions, scores },
  ]);

  enter('generate');
  const { gaveUp, ...bought } = await buyRows(picks, count);
  if (bought.accepted === 0) {
    return nothingBought({ ...bought, gaveUp });
  }

  const forFinetune = enter('finetune');
  const finetuned = await rest.interruptible(() =>
    student.finetune.executeWithOptions(forFinetune, [{ ...input, rows: bought.rows }]),
  );

  const forEvaluate = enter('evaluate');
  const evaluation = await rest.interruptible(() =>
    student.evaluate.executeWithOptions(forEvaluate, [{ ...input, student: finetuned }]),
  );

  const { iteration } = input;
  const { selection } = picks;
  const outcome = { iteration, predictions, scores, selection, selectedBy, ...bought, student: finetuned, evaluation };
  if (input.config.analyses !== true) {
    return outcome;
  }
  const forReflect = enter('reflect');
  const reflection = await rest.interruptible(() =>
    student.reflect.executeWithOptions(forReflect, [{ ...looking, past: null, rows: bought.rows }]),
  );
  return { ...outcome, reflection };
}

type Desk = ReturnType<typeof openIteration>;

/** Everything around the steps: what is shown, asked and steered while they run. */
function openIteration(input: IterationInput) {
  let { steering } = input;
  let status: IterationStatus = {
    iteration: input.iteration,
    step: 'start',
    stepSinceMs: Date.now(),
    rowsWanted: input.rowsWanted,
    rowsAccepted: 0,
    waiting: null,
  };
  const rest = createRest({
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
    rest.steeringChanged();
  });

  /** Begins a step; what it returns stands beside the name of the step's activity in Temporal's UI. */
  function enter(step: string): { summary: string } {
    status = { ...status, step, stepSinceMs: Date.now() };
    show();
    return { summary: `iteration ${input.iteration}` };
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

  const patience = createPatience({ input, rest, steering: () => steering });
  const buyRows = rowBuyer({
    input,
    rest,
    patience,
    steering: () => steering,
    onAccepted: (rowsAccepted) => {
      status = { ...status, rowsAccepted };
    },
  });
  return { rest, enter, patience, buyRows };
}

/** Nothing to learn from: the end of the run where a cap or a person was the reason (`null`), an error where the answers were. */
function nothingBought({ asked, refused, gaveUp, reasons }: Bought): null {
  if (refused > 0 || gaveUp) {
    return null;
  }
  const told = Object.entries(reasons).map(([reason, count]) => `${count} times ${reason}`);
  throw ApplicationFailure.nonRetryable(
    `the teacher was asked for ${asked} rows and not one could be used: ${told.slice(0, 3).join('; ')}`,
    'no-rows-accepted',
  );
}
