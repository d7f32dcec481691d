import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import { ensurePython } from '../setup/python';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { Workspace } from '../store/workspace';
import { outputOf } from '../student';
import { openStudents } from '../workers/students';

/**
 * Merges a student's adapter into its base with the engine. A second call finds the first one's result.
 *
 * @throws TutelageError `usage` if the student has no adapter
 */
export async function mergeStudent(workspace: Workspace, store: ArtifactStore, model: ModelRef): Promise<ArtifactRef> {
  if (model.adapter === undefined) {
    throw new TutelageError(
      'usage',
      'this student has no adapter to merge',
      'use --student instead, which writes its weights',
    );
  }
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`setting up: ${message}\n`) });
  const students = openStudents(store, { python, workspace, slots: 1 });
  try {
    const result = await students.run({ op: 'merge', model, inputs: {}, parameters: {}, threads: 1 });
    return outputOf(result, 'model');
  } finally {
    await students.close();
  }
}
