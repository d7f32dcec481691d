import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configReference } from '../core/config';
import { readConfigFile } from './config-file';
import { dataSummaries } from './data-summary';
import { initCommand, initFiles, initKinds } from './init';
import { schemaText } from './schema';

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

  it('has true comments: their keys exist, and commented-out keys would be valid', async () => {
    const folder = await emptyFolder();
    await initCommand(folder, { json: true });
    const file = join(folder, 'my-run.yaml');
    const text = await readFile(file, 'utf8');
    const optional = /^# (\w+: \{.*\})$/gm;
    expect(text.match(optional)).toHaveLength(2);
    await writeFile(file, text.replace(optional, '$1'));
    const { runs } = await readConfigFile(file, []);
    expect(runs).toHaveLength(6);
    expect(runs[0]?.config.hygiene).toMatchObject({ verify: 'agreement', answers: 3 });

    const reference = configReference();
    const comments = text.split('\n').filter((line) => line.trimStart().startsWith('#'));
    const quoted = [...comments.join('\n').matchAll(/`([^`]+)`/g)].flatMap(([, words = '']) => words.split(': '));
    const known = (word: string) =>
      ['run', 'preview', 'tutelage schema'].includes(word) || reference.includes(`\`${word}\``);
    expect(quoted.length).toBeGreaterThan(5);
    expect(quoted.filter((word) => !known(word))).toEqual([]);
  });

  it('says in its first line where its schema is, and the schema is the one that `tutelage schema` prints', async () => {
    const folder = await initialised();
    const text = await readFile(join(folder, 'my-run.yaml'), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=tutelage.schema.json');
    expect(await readFile(join(folder, 'tutelage.schema.json'), 'utf8')).toBe(schemaText());
  });

  it('lists every kind of check in its comment on check', async () => {
    const text = await readFile(join(await initialised(), 'my-run.yaml'), 'utf8');
    const [, named = ''] = /How final answers are compared: ([\s\S]*?)\n {2}# The final/.exec(text) ?? [];
    const [, values = ''] = /^\| `check` \| (`number`.*?) \|/m.exec(configReference()) ?? [];
    for (const value of values.replaceAll('`', '').split(', ')) {
      expect(named).toContain(value);
    }
  });

  it.each(initKinds)('--kind %s: the file is valid as it is, and every reference is read', async (kind) => {
    const folder = await emptyFolder();
    await initCommand(folder, { kind, json: true });
    const { runs } = await readConfigFile(join(folder, 'my-run.yaml'), []);
    const [summary] = await dataSummaries(runs, folder);
    expect(summary?.seeds).toBeGreaterThan(10);
    expect(summary?.tests.test).toBeGreaterThanOrEqual(3);
    expect(summary?.references.map(({ readAs }) => readAs)).not.toContain(null);
    expect(summary?.firstSeed.studentPrompt.length).toBeGreaterThan(20);
  });
});

async function initialised(): Promise<string> {
  const folder = await emptyFolder();
  await initCommand(folder, { json: true });
  return folder;
}
