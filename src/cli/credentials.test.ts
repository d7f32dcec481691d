import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblems, parseConfigFile } from '../core/config';
import { openWorkspace, type Workspace } from '../store/workspace';
import { confirmHosts, destinationsOf, newDestinations } from './credentials';

const configsOf = (teacher: string) => {
  const text = `name: a\ntask: {kind: operator-chains}\nteacher: ${teacher}\n`;
  const parsed = parseConfigFile({ text, file: 'a.yaml', sets: [] });
  if (!parsed.ok) {
    throw new Error(formatProblems(parsed.problems));
  }
  return parsed.runs.map(({ config }) => config);
};
const priced = 'price: {input: 1, output: 1}';
const elsewhere = `{provider: openai, model: m, base_url: "https://llm.example:8443/v1", api_key_env: MY_KEY, headers: {x-team: {env: TEAM_KEY}}, ${priced}}`;

let workspace: Workspace;
beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-hosts-')));
});
afterEach(() => rm(workspace.root, { recursive: true }));

describe('what a configuration sends where', () => {
  it('is each variable with its host, for the teacher and a judge that is asked', () => {
    expect(destinationsOf(configsOf(elsewhere))).toEqual([
      { variable: 'MY_KEY', host: 'llm.example:8443' },
      { variable: 'TEAM_KEY', host: 'llm.example:8443' },
    ]);
    expect(destinationsOf(configsOf('{provider: offline}'))).toEqual([]);
  });

  it('needs no agreement for the offline teacher, nor for the key of OpenAI at OpenAI', async () => {
    const own = `{provider: openai, model: gpt-4o-mini, ${priced}}`;
    expect(await newDestinations(workspace, destinationsOf(configsOf(own)))).toEqual([]);
    const others = `{provider: openai, model: gpt-4o-mini, api_key_env: MY_KEY, ${priced}}`;
    expect(await newDestinations(workspace, destinationsOf(configsOf(others)))).toEqual([
      { variable: 'MY_KEY', host: 'api.openai.com' },
    ]);
  });

  it('is refused where nobody can be asked, agreed to with --yes, and then known', async () => {
    await expect(confirmHosts(workspace, configsOf(elsewhere), { yes: false })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('sends MY_KEY and TEAM_KEY to llm.example:8443,'),
      hint: expect.stringContaining('--yes'),
    });
    await confirmHosts(workspace, configsOf(elsewhere), { yes: true });
    await confirmHosts(workspace, configsOf(elsewhere), { yes: false });
    const otherPort = configsOf(elsewhere.replace('8443', '8444'));
    await expect(confirmHosts(workspace, otherPort, { yes: false })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('is not guessed from a damaged record', async () => {
    await writeFile(join(workspace.root, 'hosts.json'), '{"llm.example:8443": true}');
    await expect(newDestinations(workspace, destinationsOf(configsOf(elsewhere)))).rejects.toMatchObject({
      kind: 'damaged',
    });
  });
});
