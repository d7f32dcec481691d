import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { messageOf } from '../core/errors';
import type { JobRecordFiles, SharedJobs } from '../store/jobs/shared-jobs';
import { jobIdentity, type StudentJob, type StudentResult } from '../student';
import type { AuditProblem } from './findings';

export interface JobRecord {
  /** The directory's name: the hash of the specification. */
  readonly hash: string;
  readonly result: StudentResult;
}

/** The engine's finished jobs of this workspace and of machines that share its bucket. */
export interface JobRecords {
  readonly count: number;
  readonly problems: readonly AuditProblem[];
  /** Records of that job, one for each version of the engine that did it. */
  find(job: StudentJob): readonly JobRecord[];
  /** The job that made this artifact. */
  makerOf(sha256: string): JobRecord | undefined;
}

/** Reads all finished jobs; each directory must be named by the hash of what the job was. */
export async function readJobRecords(jobsDirectory: string, shared: SharedJobs | null): Promise<JobRecords> {
  const problems: AuditProblem[] = [];
  const byJob = new Map<string, JobRecord[]>();
  const byOutput = new Map<string, JobRecord>();
  let count = 0;
  const hashes = new Set([...(await readdir(jobsDirectory).catch(() => [])), ...((await shared?.hashes()) ?? [])]);
  for (const hash of [...hashes].sort()) {
    const directory = join(jobsDirectory, hash);
    const files = (await readFiles(directory)) ?? (await shared?.read(hash)) ?? null;
    const record = files === null ? null : readRecord(directory, files, problems);
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

/** A job's name without the engine's version, because the engine may be upgraded in the middle of a run. */
const keyOf = (identity: object) => sha256(canonicalJson({ ...identity, engine: undefined }));

/** A missing specification reads as empty; without a result the job is not finished. */
async function readFiles(directory: string): Promise<JobRecordFiles | null> {
  const artifacts = await readFile(join(directory, 'artifacts.json'), 'utf8').catch(() => null);
  const spec = await readFile(join(directory, 'spec.json'), 'utf8').catch(() => '');
  return artifacts === null ? null : { spec, artifacts };
}

function readRecord(
  directory: string,
  files: JobRecordFiles,
  problems: AuditProblem[],
): (JobRecord & { identity: object }) | null {
  const { spec: specText, artifacts: resultText } = files;
  const [resultPath, specPath, hash] = [
    join(directory, 'artifacts.json'),
    join(directory, 'spec.json'),
    basename(directory),
  ];
  try {
    const identity = JSON.parse(specText) as object;
    const named = sha256(canonicalJson(identity));
    if (named !== hash || specText !== `${JSON.stringify(JSON.parse(canonicalJson(identity)), null, 2)}\n`) {
      problems.push({
        location: specPath,
        message: `describes the job ${named}, which is not the name of its directory`,
      });
    }
    const { sha256: seal, ...result } = JSON.parse(resultText) as StudentResult & { sha256?: string };
    if (seal !== undefined && seal !== sha256(canonicalJson(result))) {
      problems.push({ location: resultPath, message: 'differs from what the engine wrote: its sha256 does not match' });
    }
    if (resultText !== `${JSON.stringify(seal === undefined ? result : { ...result, sha256: seal }, null, 2)}\n`) {
      problems.push({ location: resultPath, message: 'was changed after it was written' });
    }
    return { hash, identity, result };
  } catch (error) {
    problems.push({ location: directory, message: messageOf(error) });
    return null;
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
