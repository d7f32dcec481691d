import type { TaskConfig } from './registry';

/** Who grades the answers of this task: a judge, a program of the user, or (`null`) the task's own check. */
export function graderKind(task: TaskConfig): 'judge' | 'command' | null {
  return task.kind === 'jsonl' && (task.check === 'judge' || task.check === 'command') ? task.check : null;
}
