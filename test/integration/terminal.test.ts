import { stripVTControlCharacters } from 'node:util';
import { folderWith, runCli } from '../support/cli';
import { expectNothingLeftOf, until } from '../support/processes';
import { smallConfig } from '../support/small-config';
import { inTerminal } from '../support/terminal';

jest.setTimeout(200_000);

const config = smallConfig.replace('epochs: 4', 'epochs: 60');
describe('tutelage run in a terminal', () => {
  it('draws a live view that fits a narrow one, and rests at one Ctrl-C', async () => {
    const folder = await folderWith(config);
    const terminal = inTerminal(['run', folder.file], { ...folder, columns: 50, environment: { NO_COLOR: '1' } });
    await until(() => terminal.drawn().includes('finetune'), 60_000);
    terminal.type('ctrl-c');
    expect(await terminal.ended).toBe(130);
    const text = stripVTControlCharacters(terminal.drawn());
    expect(text).toContain('Ctrl-C interrupts the run');
    expect(text).toContain('small is interrupted');
    const live = text.split(/\r?\n/).filter((line) => /^( {2}small|small {2}\d|Ctrl-C interrupts)/.test(line));
    expect(live.length).toBeGreaterThan(3);
    expect(Math.max(...live.map((line) => line.length))).toBeLessThanOrEqual(50);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
    expect(terminal.drawn()).not.toMatch(/\u001b\[[0-9;]*3[0-9]m/);
    await expectNothingLeftOf(folder.workspace);

    const status = inTerminal(['status'], { ...folder, columns: 40 });
    expect(await status.ended).toBe(0);
    const lines = stripVTControlCharacters(status.drawn()).trimEnd().split(/\r?\n/);
    expect(lines.join('\n')).toContain('small  interrupted');
    expect(Math.max(...lines.map((line) => line.length))).toBe(40);

    const again = inTerminal(['run', folder.file], { ...folder, columns: 120 });
    await until(() => again.drawn().includes('░') || again.drawn().includes('█'), 60_000);
    again.type('ctrl-c');
    await until(() => again.drawn().includes('Ctrl-C again stops at once'));
    await new Promise((resolve) => setTimeout(resolve, 800));
    again.type('ctrl-c');
    expect(await again.ended).toBe(130);
    await expectNothingLeftOf(folder.workspace);
  });

  it('ends at once at a Ctrl-C while it is still being set up, and leaves nothing running', async () => {
    const folder = await folderWith(config);
    const terminal = inTerminal(['run', folder.file], folder);
    await until(() => terminal.drawn().includes('setting up: starting the Temporal server'), 60_000);
    terminal.type('ctrl-c');
    expect(await terminal.ended).toBe(130);
    await expectNothingLeftOf(folder.workspace);
  });

  it('writes plain lines into a pipe, and no control sequences', async () => {
    const folder = await folderWith(smallConfig.replace('iterations: 2', 'iterations: 1'));
    const { exitCode, stderr, stdout } = await runCli(['run', folder.file], folder);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toBe(stripVTControlCharacters(stderr));
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d {2}0\/1 run complete/m);
  });
});
