import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { engineDirectory } from './paths';

/** A classifier with random weights: what it finds means nothing, that it is asked is what counts here. */
export function makeRewardModel(directory: string): void {
  const tests = join(engineDirectory, 'tests');
  const script = 'import sys, pathlib, students; students.make_reward_model(pathlib.Path(sys.argv[1]))';
  execFileSync(process.env.TUTELAGE_PYTHON as string, ['-c', script, directory], {
    env: { ...process.env, PYTHONPATH: tests },
  });
}
