import { openArtifacts, openSharedJobs } from '../../src/store/artifacts/open-artifacts';
import { workspaceAt } from '../../src/store/workspace';
import { createStudents, type StudentJob, type StudentResult } from '../../src/student';
import { engineDirectory } from './paths';

/**
 * A machine with an engine: finetunes the tiny student on rows of its own making, with a checkpoint at every step, in the
 * workspace and the bucket that the environment names.
 */
export async function finetuneOnHost(options: {
  readonly workspace: string;
  readonly python: string;
  readonly steps: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly note?: string }) => void;
}): Promise<StudentResult> {
  const workspace = workspaceAt(options.workspace);
  const store = openArtifacts(workspace);
  const students = createStudents({
    python: options.python,
    engineDirectory,
    jobsDirectory: workspace.jobs,
    logDirectory: workspace.logs,
    store,
    shared: openSharedJobs(),
    slots: 1,
  });
  const job = (op: string, parameters: object, rest: Partial<StudentJob> = {}): StudentJob => ({
    op,
    model: null,
    inputs: {},
    parameters: { ...parameters },
    threads: 1,
    ...rest,
  });
  try {
    const { outputs } = await students.run(job('init-tiny', { alphabet: '0123456789+=', seed: 1 }));
    const rows = await store.putRecords(
      'training-rows',
      Array.from({ length: 200 }, (_, index) => ({
        id: String(index),
        prompt: `${index % 10}+${index % 7}=`,
        answer: String((index % 10) + (index % 7)),
      })),
    );
    const finetune = job(
      'finetune',
      { method: 'full', steps: options.steps, batchSize: 16, learningRate: 1e-3, seed: 7, checkpointSeconds: 0 },
      { model: { base: outputs.model as never }, inputs: { rows: [rows] } },
    );
    const { signal, onProgress } = options;
    return await students.run(finetune, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  } finally {
    await students.close();
  }
}

/** As its own process, to be killed: `node --import tsx test/support/finetune-host.ts WORKSPACE PYTHON STEPS` prints the result. */
if (require.main === module) {
  const [workspace = '', python = '', steps = ''] = process.argv.slice(2);
  void finetuneOnHost({ workspace, python, steps: Number(steps) }).then((result) => {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  });
}
