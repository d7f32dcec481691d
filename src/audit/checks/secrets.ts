import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secretPattern, secretsOf } from '../../core/secrets';
import type { Workspace } from '../../store/workspace';
import { type Check, type CheckResult, Findings, messageOf } from '../check';
import type { Evidence } from '../evidence';
import { referencesIn } from '../references';

/** Looked for as text. Weights are binary and come from the engine, which is given no secret. */
const textFile = /\.(json|jsonl|yaml|sha256|log|html)$/;

/** Looked for by the values of the environment alone: patterns would match in random bytes. */
const binaryFiles = ['ledger.db', 'ledger.db-wal', 'temporal.db', 'temporal.db-wal'];

export const secretsCheck: Check = {
  name: 'secrets',
  claim: 'no key of the environment and nothing that looks like one is in a record, a history, an answer or a log',
  run: async (evidence) => {
    const findings = new Findings('texts');
    const keyName = evidence.record.config.teacher.api_key_env;
    const secrets = secretsOf(process.env, [keyName]);
    const look = lookFor(secrets, findings);
    const { workspace, run, once } = evidence;
    await lookIntoFolder(workspace.runDirectory(run), look);
    for (const workflow of [...evidence.parents, ...evidence.iterations]) {
      look(workflow.path, JSON.stringify([workflow.input, workflow.result, workflow.steps, workflow.children]));
    }
    await lookIntoTables(evidence, look, findings);
    await lookIntoAnswers(evidence, look, findings);
    findings.add(await once(`${keyName} in what all runs share`, () => lookIntoShared(workspace, secrets)));
    return findings.result();
  },
};

function lookFor(secrets: Secrets, findings: Findings): Look {
  return (place, text) => {
    const name = [...secrets].find(([, value]) => text.includes(value))?.[0];
    const match = secretPattern.exec(text)?.[0];
    findings.check(name === undefined && match === undefined, place, () =>
      name === undefined ? `something that looks like a key: ${match?.slice(0, 6)}...` : `the value of ${name}`,
    );
  };
}

async function lookIntoFolder(folder: string, look: Look): Promise<void> {
  for (const path of await filesUnder(folder)) {
    look(path, await readFile(path, 'utf8'));
  }
}

async function lookIntoShared(workspace: Workspace, secrets: Secrets): Promise<CheckResult> {
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

type Secrets = ReturnType<typeof secretsOf>;

type Look = (place: string, text: string) => void;

async function lookIntoTables({ store, record, iterations }: Evidence, look: Look, findings: Findings): Promise<void> {
  const seen = new Set<string>();
  const steps = iterations.flatMap((workflow) => workflow.steps);
  for (const ref of referencesIn([record, steps.map(({ input, result }) => [input, result])])) {
    if (ref.kind === 'model' || seen.has(ref.sha256)) {
      continue;
    }
    seen.add(ref.sha256);
    const place = `${ref.kind} ${ref.sha256}`;
    await store.readText(ref).then(
      (text) => look(place, text),
      (error: unknown) => findings.found(place, messageOf(error)),
    );
  }
}

async function lookIntoAnswers({ ledger, run }: Evidence, look: Look, findings: Findings): Promise<void> {
  for (const call of await ledger.callsOf({ kind: 'run', name: run })) {
    if (call.state === 'settled' && call.shared_from === null) {
      const place = `ledger.db, answer of call ${call.id}`;
      await ledger.answerOf(call.id).then(
        ({ raw }) => look(place, raw),
        (error: unknown) => findings.found(place, messageOf(error)),
      );
    }
  }
}

/** The name of the first secret in a file of any size; `null` where there is none, or no file. */
async function findInFile(path: string, secrets: ReadonlyMap<string, string>): Promise<string | null> {
  const longest = Math.max(0, ...[...secrets.values()].map((value) => Buffer.byteLength(value)));
  let tail = Buffer.alloc(0);
  if (longest === 0) {
    return null;
  }
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const window = Buffer.concat([tail, chunk as Buffer]);
      for (const [name, value] of secrets) {
        if (window.includes(value)) {
          return name;
        }
      }
      tail = window.subarray(Math.max(0, window.length - longest));
    }
  } catch {
    // Not there, or the server of another process is replacing it.
  }
  return null;
}
