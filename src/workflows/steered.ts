import { ActivityFailure, ApplicationFailure, setHandler } from '@temporalio/workflow';
import {
  refusalOf,
  type Steering,
  type SteeringRequest,
  type SteeringVerb,
  steeredBy,
  unsteered,
  withCaps,
} from '../core/steering';
import { activityGroups } from './activity-options';
import { capsChangedSignal, type SteerInput, steeringUpdates, steerSignal } from './messages';

export interface SteeredOptions {
  readonly kind: 'run' | 'experiment';
  readonly name: string;
  readonly initial: Steering | undefined;
  readonly iterationsBegun: () => number;
  /** Passes the change on to the children that are open. */
  readonly tell: (steering: Steering, input: SteerInput | 'caps changed') => Promise<void>;
}

/**
 * Makes the running workflow steerable: one update for each verb, refused by a validator before it leaves a trace, and
 * recorded with who asked and when. Returns the function that answers the current steering. Call it before the first await.
 */
export function steered(options: SteeredOptions): () => Steering {
  const { steering: steps } = activityGroups();
  const { kind, name } = options;
  let steering = options.initial ?? unsteered;

  const work = () => ({ kind, name, iterationsBegun: options.iterationsBegun() });

  const validate = ({ request }: SteerInput) => {
    const reason = refusalOf(steering, request, work());
    if (reason !== null) {
      throw ApplicationFailure.nonRetryable(reason, 'usage');
    }
  };

  async function apply(input: SteerInput): Promise<Steering> {
    const { request, who } = input;
    if (request.verb === 'budget') {
      steering = withCaps(steering, await changeBudget(request, who));
    }
    steering = steeredBy(steering, request, { who, atMs: Date.now() });
    await options.tell(steering, input);
    await steps.noteSteering({ name, steering });
    return steering;
  }

  /** The ledger refuses a cap below what is spent; the update answers with its sentence. */
  async function changeBudget(request: SteeringRequest & { verb: 'budget' }, who: string): Promise<number | null> {
    const { verb: _verb, ...change } = request;
    try {
      return await steps.changeBudget({ ...change, account: { kind, name }, who });
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : undefined;
      throw cause instanceof ApplicationFailure && cause.type === 'usage' ? cause : error;
    }
  }

  for (const verb of Object.keys(steeringUpdates) as SteeringVerb[]) {
    setHandler(steeringUpdates[verb], apply, { validator: validate });
  }
  setHandler(steerSignal, async (input) => {
    if (refusalOf(steering, input.request, work()) === null) {
      await apply(input);
    }
  });
  setHandler(capsChangedSignal, async () => {
    steering = { ...steering, capChanges: steering.capChanges + 1 };
    await options.tell(steering, 'caps changed');
  });
  return () => steering;
}
