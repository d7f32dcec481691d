import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'libsql';
import { runCli } from './cli';

export interface AuditReport {
  readonly holds: boolean;
  readonly checks: { name: string; checked: number; problems: { location: string; message: string }[] }[];
}

/** Puts back what was changed. */
type Undo = () => void;

/** One change, the check that must find it, and the location that must be named. */
export type Tampered = [what: string, change: () => Undo, check: string, location: RegExp];

/** Changes a finished run's files one at a time, and audits it. */
export function tampering(workspace: string, name: string) {
  const run = join(workspace, 'runs', name);
  let audited = workspace;

  async function audit(): Promise<{ exitCode: number | null; report: AuditReport }> {
    const { exitCode, stdout, stderr } = await runCli(['audit', name, '--json'], { workspace: audited });
    expect(stderr).toBe('');
    return { exitCode, report: JSON.parse(stdout) as AuditReport };
  }

  /** The change is found by that check at that location. */
  async function expectFound([, change, check, location]: Tampered): Promise<void> {
    const undo = change();
    try {
      const { exitCode, report } = await audit();
      const found = report.checks.find((one) => one.name === check)?.problems ?? [];
      expect({ exitCode, found: found.map((problem) => problem.location) }).toEqual({
        exitCode: 1,
        found: expect.arrayContaining([expect.stringMatching(location)]),
      });
    } finally {
      undo();
    }
  }

  const pathOf = (sha256: string) => join(workspace, 'artifacts', sha256.slice(0, 2), sha256.slice(2));

  function job(op: string, file: string): string {
    const jobs = join(workspace, 'jobs');
    const hash = readdirSync(jobs).find((one) =>
      readFileSync(join(jobs, one, 'spec.json'), 'utf8').includes(`"op": "${op}"`),
    );
    return join(jobs, hash as string, file);
  }

  function write(path: string, content: string | Buffer): Undo {
    const before = readIfThere(path);
    writeFileSync(path, content);
    return () => (before === null ? unlinkSync(path) : writeFileSync(path, before));
  }

  function flipByte(path: string): Undo {
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    return write(path, bytes);
  }

  function replace(path: string, pattern: RegExp, replacement: string): Undo {
    const before = readFileSync(path, 'utf8');
    const after = before.replace(pattern, replacement);
    expect(after).not.toBe(before);
    return write(path, after);
  }

  function remove(path: string): Undo {
    const before = readFileSync(path);
    rmSync(path);
    return () => writeFileSync(path, before);
  }

  const update = (statement: string) => changeLedger((database) => database.exec(statement));

  /** One letter of the raw answer of a call, chosen by an expression of SQL. */
  const changeAnswer = (id: string) =>
    changeLedger((database) => {
      const { call, body } = database.prepare(`select call, body from answers where call = ${id}`).get() as {
        call: string;
        body: Buffer;
      };
      const changed = gunzipSync(Buffer.from(body)).toString('utf8').replace('chatcmpl', 'chatcmpk');
      database.prepare('update answers set body = ? where call = ?').run(gzipSync(changed), call);
    });

  /** In a copy of the workspace: an open database does not take well to its file being put back. */
  function changeLedger(change: (database: Database.Database) => void): Undo {
    const copy = `${workspace}-changed`;
    cpSync(workspace, copy, { recursive: true, filter: (source) => !source.endsWith('server.lifeline') });
    const database = new Database(join(copy, 'ledger.db'));
    change(database);
    database.close();
    audited = copy;
    return () => {
      audited = workspace;
      rmSync(copy, { recursive: true });
    };
  }

  /** Other content in an artifact whose name, references and histories all agree. */
  function forge(ref: { sha256: string; bytes: number }, change: (lines: string[]) => string[]): Undo {
    const lines = readFileSync(pathOf(ref.sha256), 'utf8').trimEnd().split('\n');
    const text = `${change(lines).join('\n')}\n`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    const agree = (value: string) =>
      value
        .replaceAll(ref.sha256, sha256)
        .replaceAll(`"${sha256}","bytes":${ref.bytes}`, `"${sha256}","bytes":${Buffer.byteLength(text)}`)
        .replace(new RegExp(`("${sha256}",\\s+"bytes": )${ref.bytes}`, 'g'), `$1${Buffer.byteLength(text)}`);
    mkdirSync(join(workspace, 'artifacts', sha256.slice(0, 2)), { recursive: true });
    const undos = [write(pathOf(sha256), text)];
    undos.push(write(join(run, 'run.json'), agree(readFileSync(join(run, 'run.json'), 'utf8'))));
    for (const file of readdirSync(join(run, 'history')).filter((one) => one.endsWith('.json'))) {
      undos.push(rewriteHistory(join(run, 'history', file), agree));
    }
    return all(undos);
  }

  /** Changes the text of a history and of its payloads, and the sha256 beside it. */
  function rewriteHistory(path: string, change: (text: string) => string): Undo {
    const before = readFileSync(path, 'utf8');
    const payloads = before.replace(/"data": ?"([A-Za-z0-9+/=]+)"/g, (whole, data: string) => {
      const decoded = Buffer.from(data, 'base64').toString('utf8');
      return whole.replace(data, Buffer.from(change(decoded)).toString('base64'));
    });
    const after = change(payloads);
    const file = path.slice(path.lastIndexOf('/') + 1);
    return all([
      write(path, after),
      write(`${path}.sha256`, `${createHash('sha256').update(after).digest('hex')}  ${file}\n`),
    ]);
  }

  return {
    run,
    record: () => JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')),
    ...{ audit, expectFound, pathOf, job, write, flipByte, replace, remove, update, changeAnswer, forge },
    rewriteHistory,
  };
}

function all(undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) {
      undo();
    }
  };
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
