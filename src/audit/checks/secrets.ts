import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentialNames } from '../../core/config/credential-names';
import { judgeOf } from '../../core/config/judge-of';
import { messageOf } from '../../core/errors';
import { type Secrets, secretPattern, secretsOf } from '../../core/secrets';
import type { Workspace } from '../../store/workspace';
import type { AuditCheck } from '../check';
import type { Evidence } from '../evidence';
import { type AuditResult, Findings } from '../findings';
import { referencesIn } from '../references';

/** Searched as text. Weights are binary and come from the engine, which gets no secret. */
const textFile = /\.(json|jsonl|yaml|sha256|log|html)$/;

/** Searched only for values of the environment: patterns would match random bytes. */
const binaryFiles = ['ledger.db', 'ledger.db-wal', 'temporal.db', 'temporal.db-wal'];

export const secretsCheck: AuditCheck = {
  name: 'secrets',
  claim:
    'no record, history, answer or log contains a key of the environment, however it is encoded, or anything that looks like one',
  run: async (evidence) => {
    const findings = new Findings('texts');
    const { config } = evidence.record;
    const names = [...credentialNames(config.teacher), ...credentialNames(judgeOf(config))];
    const secrets = secretsOf(process.env, names);
    const look = lookFor(secrets, findings);
    const { workspace, run, once } = evidence;
    await lookIntoFolder(workspace.runDirectory(run), look);
    for (const workflow of [...evidence.parents, ...evidence.iterations]) {
      look(workflow.path, JSON.stringify([workflow.input, workflow.result, workflow.steps, workflow.children]));
    }
    await lookIntoTables(evidence, look, findings);
    await lookIntoAnswers(evidence, look, findings);
    const what = `${names.join(' ')} in files that all runs share`;
    findings.add(await once(what, () => searchShared(workspace, secrets)));
    return findings.result();
  },
};

function lookFor(secrets: Secrets, findings: Findings): Look {
  return (location, text) => {
    const name = secrets.variableIn(text);
    const match = secretPattern.exec(text)?.[0];
    findings.check(name === null && match === undefined, location, () =>
      name === null ? `something that looks like a key: ${match?.slice(0, 6)}...` : `the value of ${name}`,
    );
  };
}

async function lookIntoFolder(folder: string, look: Look): Promise<void> {
  for (const path of await filesUnder(folder)) {
    look(path, await readFile(path, 'utf8'));
  }
}

async function searchShared(workspace: Workspace, secrets: Secrets): Promise<AuditResult> {
  const findings = new Findings('texts');
  await lookIntoFolder(workspace.logs, lookFor(secrets, findings));
  for (const file of binaryFiles) {
    const name = await findInFile(join(workspace.root, file), secrets);
    findings.check(name === null, file, () => `the value of ${name}`);
  }
  return findings.result();
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && textFile.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

type Look = (location: string, text: string) => void;

async function lookIntoTables({ store, record, iterations }: Evidence, look: Look, findings: Findings): Promise<void> {
  const seen = new Set<string>();
  const steps = iterations.flatMap((workflow) => workflow.steps);
  for (const ref of referencesIn([record, steps.map(({ input, result }) => [input, result])])) {
    if (ref.kind === 'model' || seen.has(ref.sha256)) {
      continue;
    }
    seen.add(ref.sha256);
    const location = `${ref.kind} ${ref.sha256}`;
    await store.readText(ref).then(
      (text) => look(location, text),
      (error: unknown) => findings.found(location, messageOf(error)),
    );
  }
}

async function lookIntoAnswers({ ledger, run }: Evidence, look: Look, findings: Findings): Promise<void> {
  for (const call of await ledger.callsOf({ kind: 'run', name: run })) {
    if (call.state === 'settled' && call.shared_from === null) {
      const location = `ledger.db, answer of call ${call.id}`;
      await ledger.answerOf(call.id).then(
        ({ raw }) => look(location, raw),
        (error: unknown) => findings.found(location, messageOf(error)),
      );
    }
  }
}

/** More than any secret has, in whatever encoding: what lies across two parts of a file is found too. */
const overlap = 1 << 16;

/** The variable whose value a file of any size holds; `null` without one, or without the file. */
async function findInFile(path: string, secrets: Secrets): Promise<string | null> {
  let tail = '';
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, encoding: 'utf8' })) {
      const name = secrets.variableIn(tail + chunk);
      if (name !== null) {
        return name;
      }
      tail = (tail + chunk).slice(-overlap);
    }
  } catch {
    // Absent, or another process's server is replacing it.
  }
  return null;
}
