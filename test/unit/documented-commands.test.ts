import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfigFile } from '../../src/core/config';
import { provideTaskModules } from '../../src/core/tasks/module/task-module';
import { loadTaskModule } from '../../src/store/task-modules';
import { runCli } from '../support/cli';
import { blockLines, files, read } from '../support/repository-text';

/** The documented commands that need no key, server or engine, on the built command line. */

const newFolder = () => mkdtemp(join(tmpdir(), 'tutelage-readme-'));

test("README's commands for a first run of one's own, up to the first that needs a key", async () => {
  const folder = await newFolder();
  const written = blockLines(['README.md']).map(({ text }) => text.trim().replace(/\s+#.*$/, ''));
  const commands = written.filter((text) => /^npx tutelage (init|validate) /.test(text));
  expect(commands).toEqual(['npx tutelage init my-task', 'npx tutelage validate my-task/my-run.yaml']);
  for (const command of commands) {
    const [, , ...args] = command.replace('my-task', join(folder, 'my-task')).split(' ');
    const { exitCode, stderr } = await runCli(args, { workspace: join(folder, 'workspace') });
    expect({ command, exitCode, stderr }).toEqual({ command, exitCode: 0, stderr: expect.stringContaining('next') });
  }
});

/** Those that are whole: `init` puts the parts of its kinds, `task.yaml`, into `my-run.yaml`. */
const configurations = files.filter((file) => /^config\/.*\.yaml$/.test(file) && !file.endsWith('/task.yaml'));

beforeAll(() => provideTaskModules((path) => loadTaskModule(path)));

test.each(configurations)('%s is valid', (file) => {
  expect(parseConfigFile({ text: read(file), file, sets: [] })).toMatchObject({ ok: true });
});
