import type { TaskConfig } from '../config/schema';
import { operatorChains } from './operator-chains';
import type { Task } from './task';

/** The task that a configuration names. */
export function taskOf(config: TaskConfig): Task {
  switch (config.kind) {
    case 'operator-chains':
      return operatorChains(config);
  }
}
