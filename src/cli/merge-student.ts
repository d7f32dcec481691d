import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import { ensurePython } from '../setup/python';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { Workspace } from '../store/workspace';
import { openStudents } from '../workers/students';

/**
 * Merges a student's adapter into its base, by the engine; done once, then found.
 *
 * @throws TutelageError `usage` where the student has no adapter
 */
export async function mergeStudent(workspace: Workspace, store: ArtifactStore, model: ModelRef): Promise<ArtifactRef> {
  if (model.adapter === undefined) {
    throw new TutelageError(
      'usage',
      'this student has no adapter to merge',
      '--student writes its weights as they are',
    );
  }
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`setting up: ${message}\n`) });
  const students = openStudents(store, { python, workspace, slots: 1 });
  try {
    const { outputs } = await students.run({ op: 'merge', model, inputs: {}, parameters: {}, threads: 1 });
    return outputs.model as ArtifactRef;
  } finally {
    await students.close();
  }
}
