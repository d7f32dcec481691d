import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith, runCli } from '../support/cli';
import { startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { smallConfig } from '../support/small-config';
import { type Tampered, tampering } from '../support/tampering';
import { teacherConfig, teacherEnvironment } from '../support/teacher-config';

jest.setTimeout(600_000);

const config = smallConfig.replace('{provider: offline}', '{provider: offline, price: {input: 0.15, output: 0.6}}');

const lastCall = (purpose: string) =>
  `(select max(id) from calls where purpose = '${purpose}' and state = 'settled' and shared_from is null)`;

describe('tutelage audit of a run that was tampered with', () => {
  let workspace: string;
  let run: string;
  let tamper: ReturnType<typeof tampering>;

  beforeAll(async () => {
    const folder = await folderWith(`${config}budget: {usd: 1}\n`);
    workspace = folder.workspace;
    tamper = tampering(workspace, 'small');
    run = tamper.run;
    expect(await runCli(['run', folder.file], folder)).toMatchObject({ exitCode: 0 });
  });

  it('finds that everything holds, and has looked at all of it', async () => {
    const { exitCode, report } = await tamper.audit();
    expect(report.checks.flatMap(({ problems }) => problems)).toEqual([]);
    expect(exitCode).toBe(0);
    const counts = Object.fromEntries(report.checks.map(({ name, checked }) => [name, checked]));
    expect(counts).toMatchObject({
      selections: 2,
      finetunes: 2,
      // What the student can read, and what was collected, in each iteration.
      rows: 4,
      'bought rows': 120,
      calls: 240,
      replay: 3,
      results: 4,
    });
    expect(counts.caps).toBeGreaterThanOrEqual(240);
  });

  it('finds no such run', async () => {
    expect(await runCli(['audit', 'nothing'], { workspace })).toMatchObject({ exitCode: 2 });
  });

  const artifact = (kind: 'rows' | 'selection' | 'scores') => tamper.pathOf(tamper.record().iterations[0][kind].sha256);

  function weights(): string {
    const { student } = tamper.record().iterations[1];
    const manifest = JSON.parse(readFileSync(tamper.pathOf(student.base.sha256), 'utf8'));
    return tamper.pathOf(manifest.files['model.safetensors'].sha256);
  }

  /** Two picks change places. */
  const forgeSelection = () =>
    tamper.forge(tamper.record().iterations[0].selection, (lines) => {
      const [first, second] = lines.map((line) => JSON.parse(line));
      const swapped = [
        { ...first, seedId: second.seedId },
        { ...second, seedId: first.seedId },
      ];
      return [...swapped.map((pick) => JSON.stringify(pick)), ...lines.slice(2)];
    });

  /** The best seed of the selection gets the worst loss. */
  function forgeScores(): () => void {
    const [first] = readFileSync(artifact('selection'), 'utf8').split('\n');
    const { seedId } = JSON.parse(first as string);
    return tamper.forge(tamper.record().iterations[0].scores, (lines) =>
      lines.map((line) => (line.includes(`"${seedId}"`) ? line.replace(/"nllSum": ?[-0-9.e]+/, '"nllSum":0') : line)),
    );
  }

  const history = (file: string) => join(run, 'history', file);
  it.each<Tampered>([
    ['a table of rows', () => tamper.flipByte(artifact('rows')), 'references', /^.*$/],
    ['the weights of a student', () => tamper.flipByte(weights()), 'references', /artifacts/],
    ['a selection', () => tamper.flipByte(artifact('selection')), 'references', /^.*$/],
    [
      'a selection, with all that names it made to agree',
      forgeSelection,
      'selections',
      /iter-1\.json, event \d+ \(select\)/,
    ],
    ['a table of scores, with all that names it made to agree', forgeScores, 'selections', /iter-1\.json, event/],
    ['a history', () => tamper.flipByte(history('iter-1.json')), 'histories', /iter-1\.json/],
    ["a history's sha256", () => tamper.flipByte(history('iter-2.json.sha256')), 'histories', /iter-2\.json/],
    ['a missing history', () => tamper.remove(history('iter-2.json')), 'histories', /iter-2\.json/],
    [
      'an accuracy in run.json',
      () => tamper.replace(join(run, 'run.json'), /"correct": (\d)/, '"correct": 9$1'),
      'record',
      /run\.json/,
    ],
    ['a space in run.json', () => tamper.replace(join(run, 'run.json'), /": /, '":  '), 'record', /run\.json/],
    ['the plan', () => tamper.replace(join(run, 'plan.json'), /"epochs": 4/, '"epochs": 5'), 'record', /plan\.json/],
    ['resolved.yaml', () => tamper.flipByte(join(run, 'resolved.yaml')), 'record', /resolved\.yaml/],
    [
      "a job's specification",
      () => tamper.replace(tamper.job('finetune', 'spec.json'), /"clip": 1/, '"clip": 2'),
      'jobs',
      /spec\.json/,
    ],
    [
      "a job's record",
      () => tamper.replace(tamper.job('finetune', 'artifacts.json'), /"steps": \d/, '"steps": 7'),
      'jobs',
      /artifacts\.json/,
    ],
    [
      'a price',
      () => tamper.update(`update calls set nano_usd = nano_usd + 1 where id = ${lastCall('answer')}`),
      'calls',
      /call /,
    ],
    [
      'tokens',
      () => tamper.update(`update calls set input_tokens = input_tokens - 1 where id = ${lastCall('answer')}`),
      'calls',
      /call /,
    ],
    [
      'an account',
      () => tamper.update('update accounts set nano_usd = nano_usd - 1'),
      'totals',
      /account of run small/,
    ],
    ['a cap', () => tamper.update('update accounts set cap_nano_usd = 1000'), 'caps', /caps of run small/],
    [
      'a call that is gone',
      () => tamper.update(`update calls set state = 'released' where id = ${lastCall('answer')}`),
      'bought rows',
      /generate/,
    ],
    ['one letter of a raw answer', () => tamper.changeAnswer(lastCall('answer')), 'calls', /call /],
    [
      'a reservation',
      () => tamper.update(`update calls set worst_tokens = worst_tokens - 1 where id = ${lastCall('answer')}`),
      'bought rows',
      /generate/,
    ],
    [
      'a number of results.json',
      () => tamper.replace(join(run, 'results.json'), /"accepted": 60/, '"accepted": 61'),
      'results',
      /results\.json/,
    ],
    [
      'a number of the report',
      () => tamper.replace(join(run, 'report.html'), />(0\.\d\d\d)</, '> $1<'),
      'results',
      /report\.html/,
    ],
    [
      'a key in a log',
      () => tamper.write(join(workspace, 'logs', 'engine-1.log'), `key sk-${'a1'.repeat(20)}\n`),
      'secrets',
      /engine-1\.log/,
    ],
  ])('finds a change in %s', (...tampered) => tamper.expectFound(tampered));

  it("shows a row's lineage: why it exists, what it cost, which students were trained on it; and that of its seed", async () => {
    const told = await runCli(['audit', 'small', '--row', '001-000003', '--json'], { workspace });
    const lineage = JSON.parse(told.stdout);
    const { iterations } = tamper.record();
    expect(lineage).toMatchObject({
      strategy: 'loss',
      pick: { rank: 3, seedId: lineage.row.parent, reason: 'top' },
      picks: 120,
    });
    expect(lineage.calls.map(({ purpose, state }: Record<string, string>) => [purpose, state])).toEqual([
      ['question', 'settled'],
      ['answer', 'settled'],
    ]);
    expect(lineage.usd).toBeGreaterThan(0);
    expect(lineage.students.map(({ student }: { student: string }) => student)).toEqual(
      iterations.map(({ student }: { student: { base: { sha256: string } } }) => student.base.sha256),
    );
    const seed = JSON.parse(
      (await runCli(['audit', 'small', '--seed', lineage.row.parent, '--json'], { workspace })).stdout,
    );
    expect(seed.iterations).toHaveLength(2);
    expect(seed.iterations[0].picks).toContainEqual(
      expect.objectContaining({ rank: 3, asked: true, row: '001-000003' }),
    );
    expect(seed.iterations[0].answer).toMatchObject({ text: expect.any(String) });

    const lines = await runCli(['audit', 'small', '--row', '002-000000'], { workspace });
    expect(lines.stdout).toMatch(/^row 002-000000 .*\nfrom seed .*\nselected by loss from student /);
    const none = await runCli(['audit', 'small', '--row', '009-000000'], { workspace });
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('has no row 009-000000') });
  });

  it('a history that another workflow would have made does not replay', async () => {
    const undo = tamper.rewriteHistory(history('iter-1.json'), (text) => text.replaceAll('"finetune"', '"refine"'));
    const { exitCode, stdout } = await runCli(['replay', 'small'], { workspace });
    undo();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/iter-1\.json: .*refine/s);
    expect(await runCli(['replay', 'small'], { workspace })).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('tutelage audit of rows that were bought by batch jobs and kept by the agreement of three answers', () => {
  let workspace: string;
  let tamper: ReturnType<typeof tampering>;

  beforeAll(async () => {
    const teacher = await startMisbehavingTeacher({ batches: { delayMs: 100, failedShare: 0.1 } });
    const options = { iterations: 1, rows: 30, teacher: 'mode: batch\n  batch_poll_seconds: 0.2' };
    const text = `${teacherConfig(teacher.baseUrl, options)}hygiene: {verify: agreement, answers: 3}\n`;
    const folder = await folderWith(text);
    workspace = folder.workspace;
    tamper = tampering(workspace, 'bought');
    const { exitCode } = await runCli(['run', folder.file], { ...folder, environment: teacherEnvironment });
    await teacher.close();
    expect(exitCode).toBe(0);
  });

  it('finds that everything holds, and has looked at the jobs and at every answer', async () => {
    const { exitCode, report } = await tamper.audit();
    expect(report.checks.flatMap(({ problems }) => problems)).toEqual([]);
    expect(exitCode).toBe(0);
    const counts = Object.fromEntries(report.checks.map(({ name, checked }) => [name, checked]));
    expect(counts['bought rows']).toBeGreaterThanOrEqual(30);
    expect(counts.calls).toBeGreaterThanOrEqual(4 * 30);
    expect(counts['batch jobs']).toBeGreaterThanOrEqual(3);
  });

  const history = () => join(tamper.run, 'history', 'iter-1.json');

  it.each<Tampered>([
    ['the discount', () => tamper.update('update calls set nano_usd = 2 * nano_usd'), 'calls', /call /],
    [
      'a further answer that is gone',
      () => tamper.update(`update calls set state = 'released' where id = ${lastCall('agreement')}`),
      'bought rows',
      /generate/,
    ],
    ['one letter of a further answer', () => tamper.changeAnswer(lastCall('agreement')), 'calls', /call /],
    [
      'what a further answer held',
      () => tamper.update(`update calls set worst_nano_usd = worst_nano_usd - 1 where id = ${lastCall('agreement')}`),
      'bought rows',
      /generate/,
    ],
    [
      'who bought a row',
      () => tamper.update(`update calls set owner = 'somebody' where id = ${lastCall('question')}`),
      'batch jobs',
      /call /,
    ],
    [
      'the number of calls of a job',
      () => tamper.rewriteHistory(history(), (text) => text.replace(/"requests":(\d+)/, '"requests":1$1')),
      'batch jobs',
      /iter-1\.json/,
    ],
    [
      'a job that was never collected',
      () =>
        tamper.rewriteHistory(history(), (text) =>
          text.includes('"rowsWanted"') ? text.replace(/"job":\{"id":"batch-./, '"job":{"id":"batch-_') : text,
        ),
      'batch jobs',
      /submitBatch/,
    ],
  ])('finds a change in %s', (...tampered) => tamper.expectFound(tampered));

  it("shows all calls of a row's lineage", async () => {
    const told = await runCli(['audit', 'bought', '--row', '001-000000', '--json'], { workspace });
    const { calls } = JSON.parse(told.stdout) as { calls: { purpose: string }[] };
    expect(calls.map(({ purpose }) => purpose)).toEqual(['question', 'answer', 'agreement', 'agreement']);
  });
});
