import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRef } from '../../core/artifact-ref';
import { partsOf } from '../../store/artifacts/tables';
import { type Check, Findings, messageOf } from '../check';
import type { Evidence } from '../evidence';
import { referencesIn } from '../references';

/** Everything that is pointed at is there, and is what the pointer says. */
export const referencesCheck: Check = {
  name: 'references',
  claim: 'every artifact is there, hashes to its name, and has the bytes and rows it is said to have',
  run: async (evidence) => {
    const findings = new Findings('artifacts');
    for (const [ref, place] of await allReferences(evidence)) {
      await checkArtifact(evidence, ref, place, findings);
    }
    return findings.result();
  },
};

/** From the record, the histories, and the tables of records that these point at. */
async function allReferences({ record, iterations, parents, store }: Evidence): Promise<Map<ArtifactRef, string>> {
  const found = new Map<string, [ArtifactRef, string]>();
  const add = (value: unknown, place: string) => {
    for (const ref of referencesIn(value)) {
      const key = `${ref.sha256} ${ref.bytes} ${ref.rows}`;
      if (!found.has(key)) {
        found.set(key, [ref, place]);
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
  for (const [ref, place] of [...found.values()]) {
    // One that cannot be read is found by its own check.
    if (ref.kind === 'iterations') {
      add(await store.readRecords(ref).catch(() => []), `${place} (iterations ${ref.sha256})`);
    }
    if (ref.parts !== undefined) {
      add(await partsOf(store, ref).catch(() => []), `${place} (parts of ${ref.kind} ${ref.sha256})`);
    }
  }
  return new Map(found.values());
}

async function checkArtifact(evidence: Evidence, ref: ArtifactRef, place: string, findings: Findings): Promise<void> {
  const { store } = evidence;
  findings.checked += 1;
  try {
    const path = await store.pathOf(ref);
    const { size } = await stat(path);
    if (size !== ref.bytes) {
      findings.found(path, `has ${size} bytes; ${place} says ${ref.bytes}`);
    }
    if (ref.rows !== undefined) {
      const rows = await rowsOf(store, ref);
      if (rows !== ref.rows) {
        findings.found(path, `has ${rows} rows; ${place} says ${ref.rows}`);
      }
    }
    if (ref.kind === 'model') {
      await checkModel(evidence, ref, path, findings);
    }
  } catch (error) {
    findings.found(place, messageOf(error));
  }
}

/** As the file has them, or as its parts are said to have: each part has its own check. */
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

/** A model is a manifest of files; what is laid out of them for the engine must be the same bytes. */
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
