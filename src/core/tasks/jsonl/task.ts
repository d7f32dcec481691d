import { anyOf } from '../checks/any-of';
import type { AnswerCheck } from '../checks/check';
import { choiceCheck } from '../checks/choice';
import { commandCheck } from '../checks/command';
import { exactCheck } from '../checks/exact';
import { jsonCheck } from '../checks/json';
import { judgeCheck } from '../checks/judge';
import { labelsCheck } from '../checks/labels';
import { mathCheck } from '../checks/math';
import { numberCheck } from '../checks/number';
import { regexCheck } from '../checks/regex';
import { textCheck } from '../checks/text';
import { plainText, readsFiles } from '../file-data';
import type { CheckProgram, Task, TaskFiles } from '../task';
import { readRow } from './read-row';
import { requestsOf } from './requests';
import type { JsonlOptions } from './schema';

/** The user's own questions, from files, with one of several ways to compare answers. */
export function jsonl(options: JsonlOptions): Task {
  const check = anyOf(checkOf(options));
  return {
    promptVersion: 1,
    alphabet: null,
    tinyReads: 'characters',
    files: files(options, check),
    code: check.grader?.kind === 'command' ? programFiles(check.grader.program) : [],
    makeData: readsFiles,
    ...requestsOf(options),
    parseAnswer: (text) => {
      const read = check.readAnswer(text);
      return read.ok ? { ok: true, value: text.trim() } : read;
    },
    check: (_, reference, answer) => check.grade(reference, answer),
    secondOpinion: check.secondOpinion,
    grader: check.grader ?? null,
    verify: null,
    stratum: (_, parent, answer) => ownStratum(options, check, answer) ?? parent?.stratum ?? 'all',
    canonical: plainText,
    novelty: 'near',
    hasOfflineTeacher: false,
  };
}

/** Without a column for them, the strata of a classification are its labels: balanced selections balance those. */
const isByLabel = ({ check, stratum }: JsonlOptions) => check === 'labels' && stratum === undefined;

/** The label of a new row is that of its own answer, whatever its seed's was. */
function ownStratum(options: JsonlOptions, check: AnswerCheck, answer: string | undefined): string | null {
  const read = answer !== undefined && isByLabel(options) ? check.readAnswer(answer) : null;
  return read?.ok === true ? read.value : null;
}

/**
 * What a command names that may be a file of its own: `check.py` of `[python3, check.py]`. The program itself counts where
 * it is given by a relative path; an absolute one is an interpreter, which the system may update.
 */
function programFiles({ command, folder }: CheckProgram): string[] {
  const [program = '', ...given] = command;
  const own = program.includes('/') && !program.startsWith('/') ? [program, ...given] : given;
  return own.map((argument) => (argument.startsWith('/') ? argument : `${folder}/${argument}`));
}

function checkOf(options: JsonlOptions): AnswerCheck {
  switch (options.check) {
    case 'number':
      return numberCheck(options.tolerance);
    case 'choice':
      return choiceCheck;
    case 'exact':
      return exactCheck(options.case);
    case 'math':
      return mathCheck;
    case 'regex':
      return regexCheck(options.pattern ?? '', options.flags);
    case 'labels':
      return labelsCheck(options.labels ?? []);
    case 'json':
      return jsonCheck(options.json ?? {});
    case 'text':
      return textCheck(options.text ?? { measure: 'token-f1' });
    case 'judge':
      return judgeCheck(options.judge ?? { rubric: '', scale: 'pass' });
    case 'command':
      return commandCheck(options.command);
  }
}

/** What a reason cites of the reference. */
const quoted = /"(?:[^"\\]|\\.)*"/g;

function files(options: JsonlOptions, check: AnswerCheck): TaskFiles {
  const { train, test, pool_size, test_size, on_bad_rows = 'fail' } = options;
  return {
    train: { path: train },
    test: typeof test === 'string' ? { path: test } : test,
    onBadRows: on_bad_rows,
    examples: options.prompts.examples,
    sizes: { pool: pool_size, test: test_size },
    readRecord: (record) => {
      const found = readRow(options, record);
      if (!found.ok) {
        return found;
      }
      const reference = check.readReference(found.row.answer);
      if (!reference.ok) {
        const problem = `"${options.answer}" cannot be read by check: ${options.check}: `;
        const kind = problem + reference.reason.replace(quoted, '');
        return { ok: false, reason: problem + reference.reason, kind };
      }
      const stratum = isByLabel(options) ? reference.value : found.row.stratum;
      return { ok: true, row: { ...found.row, stratum } };
    },
  };
}
