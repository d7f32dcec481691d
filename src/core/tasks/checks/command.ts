import { type CheckProgram, unanswered, unmeasured } from '../task';
import type { AnswerCheck } from './check';

interface CommandOptions {
  readonly run: readonly string[];
  readonly folder: string;
  readonly seconds_max: number;
  readonly memory_max_mib: number;
}

/** Answers that a program of the user grades. `grade` alone measures nothing: the verdict is the program's. */
export function commandCheck(options: CommandOptions | undefined): AnswerCheck {
  const readable = (text: string) =>
    text.trim() === '' ? { ok: false as const, reason: 'is empty' } : { ok: true as const, value: text.trim() };
  const program: CheckProgram = {
    command: options?.run ?? [],
    folder: options?.folder ?? '.',
    secondsMax: options?.seconds_max ?? 10,
    memoryMiBMax: options?.memory_max_mib ?? 2048,
  };
  return {
    readReference: readable,
    readAnswer: readable,
    grade: (_, answer) =>
      answer.trim() === '' ? unanswered : unmeasured('the program of task.command has not graded it'),
    secondOpinion: null,
    grader: { kind: 'command', program },
  };
}
