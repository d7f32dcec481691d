import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'libsql';
import { folderWith, runCli } from '../support/cli';
import { smallConfig } from '../support/small-config';

jest.setTimeout(300_000);

interface Report {
  readonly holds: boolean;
  readonly checks: { name: string; checked: number; problems: { place: string; message: string }[] }[];
}

const config = smallConfig.replace('{provider: offline}', '{provider: offline, price: {input: 0.15, output: 0.6}}');

describe('tutelage audit', () => {
  let workspace: string;
  let run: string;
  let audited: string;

  beforeAll(async () => {
    const folder = await folderWith(`${config}budget: {usd: 1}\n`);
    workspace = folder.workspace;
    audited = workspace;
    run = join(workspace, 'runs', 'small');
    expect(await runCli(['run', folder.file], folder)).toMatchObject({ exitCode: 0 });
  });

  it('finds that everything holds, and has looked at all of it', async () => {
    const { exitCode, report } = await audit();
    expect(report.checks.flatMap(({ problems }) => problems)).toEqual([]);
    expect(exitCode).toBe(0);
    const counts = Object.fromEntries(report.checks.map(({ name, checked }) => [name, checked]));
    expect(counts).toMatchObject({ selections: 2, finetunes: 2, rows: 2, 'bought rows': 120, calls: 240, replay: 3 });
    expect(counts.caps).toBeGreaterThanOrEqual(240);
  });

  it('finds no such run', async () => {
    expect(await runCli(['audit', 'nothing'], { workspace })).toMatchObject({ exitCode: 2 });
  });

  it('says that it does not know how rows were bought, rather than call them wrong', async () => {
    const path = join(run, 'run.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"verify": "none"', '"verify": "agreement"'));
    const { exitCode, stderr } = await runCli(['audit', 'small'], { workspace });
    writeFileSync(path, text);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('hygiene.verify: agreement') });
  });

  /** One change, the check that must find it, and the place that must be named. */
  const tampered: [what: string, change: () => () => void, check: string, place: RegExp][] = [
    ['a table of rows', () => flipByte(artifact('rows')), 'references', /^.*$/],
    ['the weights of a student', () => flipByte(weights()), 'references', /artifacts/],
    ['a selection', () => flipByte(artifact('selection')), 'references', /^.*$/],
    [
      'a selection, with all that names it made to agree',
      forgeSelection,
      'selections',
      /iter-1\.json, event \d+ \(select\)/,
    ],
    ['a table of scores, with all that names it made to agree', forgeScores, 'selections', /iter-1\.json, event/],
    ['a history', () => flipByte(join(run, 'history', 'iter-1.json')), 'histories', /iter-1\.json/],
    ["a history's sha256", () => flipByte(join(run, 'history', 'iter-2.json.sha256')), 'histories', /iter-2\.json/],
    ['a missing history', () => remove(join(run, 'history', 'iter-2.json')), 'histories', /iter-2\.json/],
    [
      'an accuracy in run.json',
      () => replace(join(run, 'run.json'), /"correct": (\d)/, '"correct": 9$1'),
      'record',
      /run\.json/,
    ],
    ['a space in run.json', () => replace(join(run, 'run.json'), /": /, '":  '), 'record', /run\.json/],
    ['the plan', () => replace(join(run, 'plan.json'), /"epochs": 4/, '"epochs": 5'), 'record', /plan\.json/],
    ['resolved.yaml', () => flipByte(join(run, 'resolved.yaml')), 'record', /resolved\.yaml/],
    [
      "a job's specification",
      () => replace(job('finetune', 'spec.json'), /"clip": 1/, '"clip": 2'),
      'jobs',
      /spec\.json/,
    ],
    [
      "a job's record",
      () => replace(job('finetune', 'artifacts.json'), /"steps": \d/, '"steps": 7'),
      'jobs',
      /artifacts\.json/,
    ],
    ['a price', () => update(`update calls set nano_usd = nano_usd + 1 where id = ${anAnswer}`), 'calls', /call /],
    [
      'tokens',
      () => update(`update calls set input_tokens = input_tokens - 1 where id = ${anAnswer}`),
      'calls',
      /call /,
    ],
    ['an account', () => update('update accounts set nano_usd = nano_usd - 1'), 'totals', /account of run small/],
    ['a cap', () => update('update accounts set cap_nano_usd = 1000'), 'caps', /caps of run small/],
    [
      'a call that is gone',
      () => update(`update calls set state = 'released' where id = ${anAnswer}`),
      'bought rows',
      /generate/,
    ],
    ['one letter of a raw answer', changeAnswer, 'calls', /call /],
    [
      'a reservation',
      () => update(`update calls set worst_tokens = worst_tokens - 1 where id = ${anAnswer}`),
      'bought rows',
      /generate/,
    ],
    [
      'a key in a log',
      () => write(join(workspace, 'logs', 'engine-1.log'), `key sk-${'a1'.repeat(20)}\n`),
      'secrets',
      /engine-1\.log/,
    ],
  ];

  it.each(tampered)('finds a change in %s', async (_, change, check, place) => {
    const undo = change();
    try {
      const { exitCode, report } = await audit();
      const found = report.checks.find(({ name }) => name === check)?.problems ?? [];
      expect({ exitCode, found: found.map((problem) => problem.place) }).toEqual({
        exitCode: 1,
        found: expect.arrayContaining([expect.stringMatching(place)]),
      });
    } finally {
      undo();
    }
  });

  it("tells a row's story: why it is there, what it cost, who learnt it; and that of its seed", async () => {
    const told = await runCli(['audit', 'small', '--row', '001-000003', '--json'], { workspace });
    const story = JSON.parse(told.stdout);
    const { iterations } = record();
    expect(story).toMatchObject({
      strategy: 'loss',
      pick: { rank: 3, seedId: story.row.parent, reason: 'top' },
      picks: 120,
    });
    expect(story.calls.map(({ purpose, state }: Record<string, string>) => [purpose, state])).toEqual([
      ['question', 'settled'],
      ['answer', 'settled'],
    ]);
    expect(story.nanoUsd).toBeGreaterThan(0);
    expect(story.learntBy.map(({ student }: { student: string }) => student)).toEqual(
      iterations.map(({ student }: { student: { base: { sha256: string } } }) => student.base.sha256),
    );
    const seed = JSON.parse(
      (await runCli(['audit', 'small', '--seed', story.row.parent, '--json'], { workspace })).stdout,
    );
    expect(seed.iterations).toHaveLength(2);
    expect(seed.iterations[0].picks).toContainEqual(
      expect.objectContaining({ rank: 3, asked: true, row: '001-000003' }),
    );
    expect(seed.iterations[0].answer).toMatchObject({ text: expect.any(String) });

    const lines = await runCli(['audit', 'small', '--row', '002-000000'], { workspace });
    expect(lines.stdout).toMatch(/^row 002-000000 .*\nfrom seed .*\nchosen by loss on student /);
    const none = await runCli(['audit', 'small', '--row', '009-000000'], { workspace });
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('has no row 009-000000') });
  });

  it('a history that another workflow would have made does not replay', async () => {
    const path = join(run, 'history', 'iter-1.json');
    const undo = rewriteHistory(path, (text) => text.replaceAll('"finetune"', '"refine"'));
    const { exitCode, stdout } = await runCli(['replay', 'small'], { workspace });
    undo();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/iter-1\.json: .*refine/s);
    expect(await runCli(['replay', 'small'], { workspace })).toMatchObject({ exitCode: 0, stdout: '' });
  });

  async function audit(): Promise<{ exitCode: number | null; report: Report }> {
    const { exitCode, stdout, stderr } = await runCli(['audit', 'small', '--json'], { workspace: audited });
    expect(stderr).toBe('');
    return { exitCode, report: JSON.parse(stdout) as Report };
  }

  const pathOf = (sha256: string) => join(workspace, 'artifacts', sha256.slice(0, 2), sha256.slice(2));
  const record = () => JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'));
  const artifact = (kind: 'rows' | 'selection' | 'scores') => pathOf(record().iterations[0][kind].sha256);

  function weights(): string {
    const manifest = JSON.parse(readFileSync(pathOf(record().iterations[1].student.base.sha256), 'utf8'));
    return pathOf(manifest.files['model.safetensors'].sha256);
  }

  function job(op: string, file: string): string {
    const jobs = join(workspace, 'jobs');
    const hash = readdirSync(jobs).find((name) =>
      readFileSync(join(jobs, name, 'spec.json'), 'utf8').includes(`"op": "${op}"`),
    );
    return join(jobs, hash as string, file);
  }

  function write(path: string, content: string | Buffer): () => void {
    const before = readIfThere(path);
    writeFileSync(path, content);
    return () => (before === null ? unlinkSync(path) : writeFileSync(path, before));
  }

  function flipByte(path: string): () => void {
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    return write(path, bytes);
  }

  function replace(path: string, pattern: RegExp, replacement: string): () => void {
    const before = readFileSync(path, 'utf8');
    const after = before.replace(pattern, replacement);
    expect(after).not.toBe(before);
    return write(path, after);
  }

  function remove(path: string): () => void {
    const before = readFileSync(path);
    rmSync(path);
    return () => writeFileSync(path, before);
  }

  const anAnswer = "(select max(id) from calls where purpose = 'answer' and state = 'settled' and shared_from is null)";

  function update(statement: string): () => void {
    return changeLedger((database) => database.exec(statement));
  }

  function changeAnswer(): () => void {
    return changeLedger((database) => {
      const { call, body } = database.prepare(`select call, body from answers where call = ${anAnswer}`).get() as {
        call: string;
        body: Buffer;
      };
      const changed = gunzipSync(Buffer.from(body)).toString('utf8').replace('chatcmpl', 'chatcmpk');
      database.prepare('update answers set body = ? where call = ?').run(gzipSync(changed), call);
    });
  }

  /** In a copy of the workspace: an open database does not take well to its file being put back. */
  function changeLedger(change: (database: Database.Database) => void): () => void {
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

  /** Two picks change places, in a file whose name, references and histories all agree. */
  function forgeSelection(): () => void {
    return forge(record().iterations[0].selection, (lines) => {
      const [first, second] = lines.map((line) => JSON.parse(line));
      const swapped = [
        { ...first, seedId: second.seedId },
        { ...second, seedId: first.seedId },
      ];
      return [...swapped.map((pick) => JSON.stringify(pick)), ...lines.slice(2)];
    });
  }

  /** The best seed of the selection gets the worst loss. */
  function forgeScores(): () => void {
    const [first] = readFileSync(artifact('selection'), 'utf8').split('\n');
    const { seedId } = JSON.parse(first as string);
    return forge(record().iterations[0].scores, (lines) =>
      lines.map((line) => (line.includes(`"${seedId}"`) ? line.replace(/"nllSum": ?[-0-9.e]+/, '"nllSum":0') : line)),
    );
  }

  function forge(ref: { sha256: string; bytes: number }, change: (lines: string[]) => string[]): () => void {
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
    for (const name of readdirSync(join(run, 'history')).filter((file) => file.endsWith('.json'))) {
      undos.push(rewriteHistory(join(run, 'history', name), agree));
    }
    return () => {
      for (const undo of undos) {
        undo();
      }
    };
  }

  /** Changes the text of a history and of its payloads, and the sha256 beside it. */
  function rewriteHistory(path: string, change: (text: string) => string): () => void {
    const before = readFileSync(path, 'utf8');
    const payloads = before.replace(/"data": ?"([A-Za-z0-9+/=]+)"/g, (whole, data: string) => {
      const decoded = Buffer.from(data, 'base64').toString('utf8');
      return whole.replace(data, Buffer.from(change(decoded)).toString('base64'));
    });
    const after = change(payloads);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const undo = [
      write(path, after),
      write(`${path}.sha256`, `${createHash('sha256').update(after).digest('hex')}  ${name}\n`),
    ];
    return () => {
      for (const one of undo) {
        one();
      }
    };
  }
});

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
