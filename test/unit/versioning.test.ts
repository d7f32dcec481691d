import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';

jest.setTimeout(120_000);

const root = join(__dirname, '..', '..');
const [version] = readdirSync(join(root, 'test', 'histories'))
  .sort()
  .reverse();
const history = join(root, 'test', 'histories', version as string, 'loss-iter-1.json');

/** The example of docs/versioning.md, as it is printed there, on a recorded history. */
describe('a step more in a workflow', () => {
  const guide = readFileSync(join(root, 'docs', 'versioning.md'), 'utf8');
  const example = (label: string) => new RegExp(`\`\`\`ts ${label}\n([^]*?)\`\`\``).exec(guide)?.[1] as string;

  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  });

  it('breaks open runs', async () => {
    await expect(replayWith(example('careless'))).rejects.toThrow(/[Nn]ondeterminism|determinism/);
  });

  it('does not, behind `patched`', async () => {
    await replayWith(example('careful'));
  });

  /** Builds the workflows with the example in place of what it changes, and replays the history on them. */
  async function replayWith(changed: string): Promise<void> {
    const folder = mkdtempSync(join(root, 'dist', 'versioning-'));
    try {
      for (const room of ['core', 'workflows']) {
        cpSync(join(root, 'dist', room), join(folder, room), { recursive: true });
      }
      const file = join(folder, 'workflows', 'iteration.js');
      const code = readFileSync(file, 'utf8');
      expect(code).toContain(example('before').trim());
      const inJavaScript = changed.replace('patched(', 'workflow_1.patched(').trim();
      writeFileSync(file, code.replace(example('before').trim(), inJavaScript));
      const workflowBundle = await bundleWorkflowCode({
        workflowsPath: join(folder, 'workflows', 'index.js'),
        logger: new DefaultLogger('ERROR'),
      });
      await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(JSON.parse(readFileSync(history, 'utf8'))));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});
