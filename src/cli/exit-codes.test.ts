import { describeError, exitCodeOf } from './exit-codes';

const systemError = (code: string) => Object.assign(new Error(`${code}: no`), { code, path: '/w/runs/a' });

describe('what the system refuses is a sentence with the next step', () => {
  it.each([
    ['EACCES', 2, 'permission is denied: /w/runs/a'],
    ['EROFS', 2, 'the file system is read-only: /w/runs/a'],
    ['ENOTDIR', 2, 'a file is where a folder is needed: /w/runs/a'],
    ['ENAMETOOLONG', 2, 'the name is too long for the file system: /w/runs/a'],
    ['ENOSPC', 1, 'the disk is full: /w/runs/a'],
    ['EMFILE', 1, 'this process has too many open files: /w/runs/a'],
    ['MODULE_NOT_FOUND', 1, "the program's own files have changed while it ran: /w/runs/a"],
  ])('%s', (code, exitCode, sentence) => {
    expect(exitCodeOf(systemError(code))).toBe(exitCode);
    expect(describeError(systemError(code))).toMatch(new RegExp(`^error: ${sentence}\nhint: .+$`));
  });

  it('and a bug keeps its stack', () => {
    expect(describeError(new TypeError('x is not a function'))).toMatch(/^error: TypeError: .*\n {4}at /);
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});
