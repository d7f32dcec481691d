import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configReference } from '../core/config';
import { readConfigFile } from './config-file';
import { initCommand, initFiles } from './init';

const emptyFolder = () => mkdtemp(join(tmpdir(), 'tutelage-init-'));

beforeAll(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

describe('tutelage init', () => {
  it('writes a file that is valid as it is, with twenty seeds', async () => {
    const folder = join(await emptyFolder(), 'new');
    expect(await initCommand(folder, { json: true })).toBe(0);
    const { runs } = await readConfigFile(join(folder, 'my-run.yaml'), []);
    expect(runs.map(({ run }) => run)).toEqual(['my-run']);
    const seeds = await readFile(join(folder, 'seeds.jsonl'), 'utf8');
    expect(seeds.trim().split('\n')).toHaveLength(20);
  });

  it.each(initFiles)('overwrites nothing: where %s is, it writes nothing at all', async (name) => {
    const folder = await emptyFolder();
    await writeFile(join(folder, name), 'mine');
    await expect(initCommand(folder, { json: false })).rejects.toMatchObject({ kind: 'usage' });
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
  });

  it('says what is true: keys in comments are keys, and what is commented out would be valid too', async () => {
    const folder = await emptyFolder();
    await initCommand(folder, { json: true });
    const file = join(folder, 'my-run.yaml');
    const text = await readFile(file, 'utf8');
    const optional = /^# (\w+: \{.*\})$/gm;
    expect(text.match(optional)).toHaveLength(2);
    await writeFile(file, text.replace(optional, '$1'));
    const { runs } = await readConfigFile(file, []);
    expect(runs).toHaveLength(6);
    expect(runs[0]?.config.hygiene).toMatchObject({ verify: 'agreement', samples: 3 });

    const reference = configReference();
    const comments = text.split('\n').filter((line) => line.trimStart().startsWith('#'));
    const quoted = [...comments.join('\n').matchAll(/`([^`]+)`/g)].flatMap(([, words = '']) => words.split(': '));
    const known = (word: string) => ['run', 'preview'].includes(word) || reference.includes(`\`${word}\``);
    expect(quoted.length).toBeGreaterThan(5);
    expect(quoted.filter((word) => !known(word))).toEqual([]);
  });

  it('names in its comment on check all ways of comparing that there are', async () => {
    const text = await readFile(join(await initialised(), 'my-run.yaml'), 'utf8');
    const [, named = ''] = /How final answers are compared: (.*)\n/.exec(text) ?? [];
    const [, values = ''] = /^\| `check` \| (`number`.*?) \|/m.exec(configReference()) ?? [];
    for (const value of values.replaceAll('`', '').split(', ')) {
      expect(named).toContain(value);
    }
  });
});

async function initialised(): Promise<string> {
  const folder = await emptyFolder();
  await initCommand(folder, { json: true });
  return folder;
}
