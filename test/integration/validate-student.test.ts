import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { folderWith, runCli } from '../support/cli';
import { enginePython } from '../support/paths';

/** Makes a student that has a chat template, with the engine's own test helper. */
const MAKE = `
import sys
from pathlib import Path
sys.path.insert(0, ${JSON.stringify(join(__dirname, '..', '..', 'engine', 'tests'))})
from students import make_chat_student
make_chat_student(Path(sys.argv[1]))
`;

const config = (base: string) => `
name: demo
task: {kind: jsonl, train: seeds.jsonl, test: {share: 0.5}, check: number}
teacher: {provider: openai, model: none, base_url: "http://127.0.0.1:9/v1"}
student: {base: "${base}"}
`;

it('validate shows a seed as the chat template of the student writes it, and says where it cannot', async () => {
  const student = join(await mkdtemp(join(tmpdir(), 'tutelage-student-')), 'mine');
  execFileSync(enginePython(), ['-c', MAKE, student], { stdio: 'pipe' });
  const { file, workspace } = await folderWith('');
  const rows = [2, 3, 4, 5].map((n) => JSON.stringify({ question: `What is ${n} and 30?`, answer: n + 30 }));
  await writeFile(join(dirname(file), 'seeds.jsonl'), rows.join('\n'));
  const validated = async (base: string) => {
    await writeFile(file, config(base));
    const { exitCode, stderr } = await runCli(['validate', file], { workspace, environment: { HF_HOME: workspace } });
    return { exitCode, stderr };
  };
  expect(await validated(student)).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(
      /with the chat template of \S+mine \(\d+ tokens\):\n {2}\| <s><\|im_start\|>user\n {2}\| What is \d and 30\?<\|im_end\|>\n {2}\| <\|im_start\|>assistant\n/,
    ),
  });
  expect(await validated('owner/unknown')).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining(
      'with the chat template of owner/unknown: not shown, because the tokenizer of owner/unknown is not on this machine yet',
    ),
  });
});
