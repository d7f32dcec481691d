import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { jobIdentity, type StudentJob, type StudentResult } from '../student';
import { messageOf, type Problem } from './check';

export interface JobRecord {
  /** The directory's name: the hash of the specification. */
  readonly hash: string;
  readonly result: StudentResult;
}

/** The engine's finished jobs in this workspace. */
export interface JobRecords {
  readonly count: number;
  readonly problems: readonly Problem[];
  /** Records of that job, one for each version of the engine that did it. */
  find(job: StudentJob): readonly JobRecord[];
  /** The job that made this artifact. */
  makerOf(sha256: string): JobRecord | undefined;
}

/** Reads all finished jobs; each directory must be named by the hash of what the job was. */
export async function readJobRecords(jobsDirectory: string): Promise<JobRecords> {
  const problems: Problem[] = [];
  const byJob = new Map<string, JobRecord[]>();
  const byOutput = new Map<string, JobRecord>();
  let count = 0;
  for (const hash of (await readdir(jobsDirectory).catch(() => [])).sort()) {
    const record = await readRecord(join(jobsDirectory, hash), hash, problems);
    if (record !== null) {
      count += 1;
      const key = keyOf(record.identity);
      byJob.set(key, [...(byJob.get(key) ?? []), record]);
      for (const { sha256 } of Object.values(record.result.outputs)) {
        byOutput.set(sha256, record);
      }
    }
  }
  return {
    count,
    problems,
    find: (job) => byJob.get(keyOf(jobIdentity(job, 0))) ?? [],
    makerOf: (sha256) => byOutput.get(sha256),
  };
}

/** A job's name without the engine's version: an upgrade in the middle of a run must not hide what was done before it. */
const keyOf = (identity: object) => sha256(canonicalJson({ ...identity, engine: undefined }));

async function readRecord(directory: string, hash: string, problems: Problem[]) {
  const resultPath = join(directory, 'artifacts.json');
  const specPath = join(directory, 'spec.json');
  const resultText = await readFile(resultPath, 'utf8').catch(() => null);
  if (resultText === null) {
    return null;
  }
  try {
    const specText = await readFile(specPath, 'utf8');
    const identity = JSON.parse(specText) as object;
    const named = sha256(canonicalJson(identity));
    if (named !== hash || specText !== `${JSON.stringify(JSON.parse(canonicalJson(identity)), null, 2)}\n`) {
      problems.push({ place: specPath, message: `describes the job ${named}, not the one its directory is named by` });
    }
    const { sha256: seal, ...result } = JSON.parse(resultText) as StudentResult & { sha256?: string };
    if (seal !== undefined && seal !== sha256(canonicalJson(result))) {
      problems.push({ place: resultPath, message: 'is not what the engine wrote: its sha256 differs' });
    }
    if (resultText !== `${JSON.stringify(seal === undefined ? result : { ...result, sha256: seal }, null, 2)}\n`) {
      problems.push({ place: resultPath, message: 'is not as it was written' });
    }
    return { hash, identity, result };
  } catch (error) {
    problems.push({ place: directory, message: messageOf(error) });
    return null;
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
