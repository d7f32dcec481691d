import { type SharedJobs, sharedJobs } from '../jobs/shared-jobs';
import type { Workspace } from '../workspace';
import { cachedFiles } from './addressed-files';
import { openArtifactCache } from './artifact-cache';
import { type ArtifactStore, openArtifactStore } from './artifact-store';
import { openBucket } from './s3-bucket';
import { s3Files } from './s3-files';
import { s3LocationOf } from './s3-location';

/**
 * The artifacts of a workspace, wherever they lie: in its folder, or in the bucket that TUTELAGE_ARTIFACTS names, of
 * which the workspace then holds a bounded cache. The cache is a folder of its own, because what is in `artifacts` may
 * lie nowhere else.
 *
 * @throws TutelageError `usage` where the variable says nothing useful
 */
export function openArtifacts(workspace: Pick<Workspace, 'artifacts' | 'artifactCache' | 'checkouts'>): ArtifactStore {
  const location = s3LocationOf(process.env);
  const { artifacts, artifactCache, checkouts } = workspace;
  if (location === null) {
    return openArtifactStore(artifacts, checkouts);
  }
  const cache = openArtifactCache({ root: artifactCache, checkouts, bytesMax: location.cacheBytesMax });
  const remote = s3Files(openBucket(location.bucket), location.prefix);
  return openArtifactStore(artifactCache, checkouts, cachedFiles(artifactCache, remote, cache));
}

/** The jobs of machines that share a bucket; `null` where artifacts are in the workspace. */
export function openSharedJobs(): SharedJobs | null {
  const location = s3LocationOf(process.env);
  return location === null ? null : sharedJobs(openBucket(location.bucket), location.prefix);
}
