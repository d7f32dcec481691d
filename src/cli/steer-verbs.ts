import { type Command, InvalidArgumentError } from 'commander';
import { TutelageError } from '../core/errors';
import { type Settings, type SteeringRequest, settingNames } from '../core/steering';
import type { SteerOptions } from './steer';

type Finish = (exitCode: number) => void;

/** What changes work that is under way. Each verb takes the name of a run or of an experiment, as `status` lists them. */
export function addSteeringVerbs(program: Command, finish: Finish): void {
  const verb = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<name>', 'a run or an experiment, as `tutelage status` lists them')
      .option('--json', 'the new state as JSON on stdout', false);
  const steer = async (name: string, request: SteeringRequest, options: SteerOptions) =>
    finish(await (await import('./steer.js')).steerCommand(name, request, options));

  verb('pause', 'let a run come to rest at its next safe point')
    .option('--now', 'do not wait for the step under way: a finetune saves a checkpoint', false)
    .action((name: string, options) => steer(name, { verb: 'pause', now: options.now }, options));
  verb('resume', 'let what is paused, or waits for a key, a quota or a budget, go on').action((name: string, options) =>
    steer(name, { verb: 'resume' }, options),
  );
  verb('stop', 'finish the iteration under way, evaluate and end the run').action((name: string, options) =>
    steer(name, { verb: 'stop' }, options),
  );
  verb('budget', 'raise or lower caps; below what is spent is refused')
    .option('--usd <amount>', 'USD at teacher.price', number)
    .option('--tokens <count>', 'teacher tokens, input and output', number)
    .option('--samples <count>', 'accepted rows', number)
    .action((name: string, { usd, tokens, samples, ...options }) =>
      steer(name, { verb: 'budget', usd, tokens, samples }, options),
    );
  verb('set', 'change requests in flight, iterations, or how many runs of an experiment work at a time')
    .argument('<setting...>', 'concurrency=N, iterations=N, parallel_runs=N')
    .action((name: string, settings: string[], options) => steer(name, settingsOf(settings), options));
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('expected a number');
  }
  return value;
}

function settingsOf(settings: readonly string[]): SteeringRequest {
  const keys = Object.keys(settingNames) as (keyof Settings)[];
  const request: { -readonly [Key in keyof Settings]: Settings[Key] } = {};
  for (const setting of settings) {
    const [name, value, ...rest] = setting.split('=');
    const key = keys.find((candidate) => settingNames[candidate] === name);
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new TutelageError(
        'usage',
        `cannot set ${JSON.stringify(setting)}`,
        'what can be set is concurrency=N, iterations=N and parallel_runs=N; everything else is fixed when a run starts',
      );
    }
    request[key] = Number(value);
  }
  return { verb: 'set', ...request };
}
