import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRef } from '../../core/artifact-ref';
import { messageOf } from '../../core/errors';
import { partsOf } from '../../store/artifacts/tables';
import { droppedStudents } from '../../store/dropped-students';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { Findings } from '../findings';
import { referencesIn } from '../references';

/** Every reference points to an artifact that exists and matches it. */
export const referencesCheck: AuditCheck = {
  name: 'references',
  claim: 'every artifact exists, matches its hash, and has the size and rows that its references give',
  run: async (evidence) => {
    const findings = new Findings('artifacts');
    const dropped = await droppedStudents(evidence.workspace, evidence.record.run);
    for (const [ref, location] of await allReferences(evidence)) {
      if (dropped.has(ref.sha256)) {
        continue;
      }
      await checkArtifact(evidence, ref, location, findings);
    }
    return findings.result();
  },
};

/** From the record, the histories, and the tables that these reference. */
async function allReferences({ record, iterations, parents, store }: Evidence): Promise<Map<ArtifactRef, string>> {
  const found = new Map<string, [ArtifactRef, string]>();
  const add = (value: unknown, location: string) => {
    for (const ref of referencesIn(value)) {
      const key = `${ref.sha256} ${ref.bytes} ${ref.rows}`;
      if (!found.has(key)) {
        found.set(key, [ref, location]);
      }
    }
  };
  add(record, 'run.json');
  for (const { path, input, result, steps } of [...parents, ...iterations]) {
    add([input, result], path);
    for (const step of steps) {
      add([step.input, step.result], `${path}, event ${step.eventId}`);
    }
  }
  for (const [ref, location] of [...found.values()]) {
    // One that cannot be read is reported by its own check.
    if (ref.kind === 'iterations') {
      add(await store.readRecords(ref).catch(() => []), `${location} (iterations ${ref.sha256})`);
    }
    if (ref.parts !== undefined) {
      add(await partsOf(store, ref).catch(() => []), `${location} (parts of ${ref.kind} ${ref.sha256})`);
    }
  }
  return new Map(found.values());
}

async function checkArtifact(
  evidence: Evidence,
  ref: ArtifactRef,
  location: string,
  findings: Findings,
): Promise<void> {
  const { store } = evidence;
  findings.checked += 1;
  try {
    const path = await store.pathOf(ref);
    const { size } = await stat(path);
    if (size !== ref.bytes) {
      findings.found(path, `has ${size} bytes; ${location} says ${ref.bytes}`);
    }
    if (ref.rows !== undefined) {
      const rows = await rowsOf(store, ref);
      if (rows !== ref.rows) {
        findings.found(path, `has ${rows} rows; ${location} says ${ref.rows}`);
      }
    }
    if (ref.kind === 'model') {
      await checkModel(evidence, ref, path, findings);
    }
  } catch (error) {
    findings.found(location, messageOf(error));
  }
}

/** Counted in the file, or added up from the references to its parts, each of which has its own check. */
async function rowsOf(store: Evidence['store'], ref: ArtifactRef): Promise<number> {
  if (ref.parts !== undefined) {
    return (await partsOf(store, ref)).reduce((sum, part) => sum + (part.rows ?? 0), 0);
  }
  let rows = 0;
  for await (const _ of store.readLines(ref)) {
    rows += 1;
  }
  return rows;
}

/** A model is a manifest of files; the copies that the engine reads must be the same bytes. */
async function checkModel({ store, workspace }: Evidence, ref: ArtifactRef, path: string, findings: Findings) {
  const { files } = JSON.parse(await readFile(path, 'utf8')) as {
    files: Record<string, { sha256: string; bytes: number }>;
  };
  for (const [name, file] of Object.entries(files)) {
    findings.checked += 1;
    const stored = await store.pathOf({ kind: 'model', ...file }).catch((error: unknown) => {
      findings.found(path, messageOf(error));
      return null;
    });
    const laidOut = join(workspace.checkouts, ref.sha256, ...name.split('/'));
    const inode = await stat(laidOut).then(
      ({ ino }) => ino,
      () => null,
    );
    if (stored === null || inode === null || inode === (await stat(stored)).ino) {
      continue;
    }
    const sha256 = await hashOf(laidOut);
    findings.check(
      sha256 === file.sha256,
      laidOut,
      () => `hashes to ${sha256}, the model's manifest says ${file.sha256}`,
    );
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
