import type { TaskConfig } from '../config/schema';
import { game24 } from './game24';
import { gsm8k } from './gsm8k';
import { jsonl } from './jsonl';
import { math } from './math';
import { operatorChains } from './operator-chains';
import { prontoqa } from './prontoqa';
import type { Task } from './task';

/** The task that a configuration names. */
export function taskOf(config: TaskConfig): Task {
  switch (config.kind) {
    case 'operator-chains':
      return operatorChains(config);
    case 'gsm8k':
      return gsm8k(config);
    case 'math':
      return math(config);
    case 'prontoqa':
      return prontoqa(config);
    case 'game24':
      return game24(config);
    case 'jsonl':
      return jsonl(config);
  }
}
