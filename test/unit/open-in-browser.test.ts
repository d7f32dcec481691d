import { chmodSync, existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../support/cli';
import { until } from '../support/processes';
import { demoRecord } from '../support/run-records';
import { demoConfig, storedLaunch } from '../support/stored-launch';

/** A run `demo` that has ended, the file that started it, and a folder for the programs that the command line finds. */
async function endedRun() {
  const { workspace, plan } = await storedLaunch();
  const directory = workspace.runDirectory('demo');
  const record = { ...demoRecord('loss', 1), run: 'demo', experiment: null, config: plan.config };
  writeFileSync(join(directory, 'run.json'), JSON.stringify(record));
  const programs = mkdtempSync(join(tmpdir(), 'tutelage-browser-'));
  symlinkSync(process.execPath, join(programs, 'node'));
  const file = join(programs, 'demo.yaml');
  writeFileSync(file, demoConfig);
  const cli = (...args: string[]) => runCli(args, { workspace: workspace.root, environment: { PATH: programs } });
  return { file, programs, cli, report: join(directory, 'report.html') };
}

/** Stands for the desktop's program. Answers with what it was asked to open. */
function installBrowser(programs: string): () => string | null {
  const opened = join(programs, 'opened');
  const script = `#!${process.execPath}\nconst fs = require('fs'); fs.writeFileSync('${opened}.new', process.argv[2]); fs.renameSync('${opened}.new', '${opened}');\n`;
  for (const name of ['xdg-open', 'open']) {
    writeFileSync(join(programs, name), script);
    chmodSync(join(programs, name), 0o755);
  }
  return () => (existsSync(opened) ? readFileSync(opened, 'utf8') : null);
}

it.each(['report', 'run'])('%s --open opens the report', async (verb) => {
  const { file, programs, cli, report } = await endedRun();
  const opened = installBrowser(programs);
  expect(await cli(verb, verb === 'run' ? file : 'demo', '--open')).toMatchObject({ exitCode: 0 });
  await until(() => opened() !== null);
  expect(opened()).toBe(report);
  expect(existsSync(report)).toBe(true);
});

it('where there is no browser, the path is printed and nothing fails', async () => {
  const { cli, report } = await endedRun();
  const { exitCode, stdout, stderr } = await cli('report', 'demo', '--open', '--json');
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^no browser could be opened \(.*ENOENT\): .*report\.html\n$/);
  expect(JSON.parse(stdout)).toMatchObject({ event: 'report', report });
});
