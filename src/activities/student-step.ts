import { Context } from '@temporalio/activity';
import { appendRunLog } from '../store/run-log';
import type { StudentJob, StudentResult } from '../student';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';

/**
 * Does one job of the engine for the running activity: with its cancellation, its heartbeats, and the engine's warnings
 * in the run's log.
 */
export function studentStep({ students, workspace }: Pick<Dependencies, 'students' | 'workspace'>) {
  return async (run: string, job: StudentJob): Promise<StudentResult> => {
    const { cancellationSignal: signal, info } = Context.current();
    const result = await students.run(job, { signal, onProgress: progressReporter() });
    const { warnings } = result.metrics;
    appendRunLog(
      workspace,
      run,
      (Array.isArray(warnings) ? warnings : []).map((message) => ({
        level: 'warn',
        step: info.activityType,
        message: String(message),
      })),
    );
    return result;
  };
}
