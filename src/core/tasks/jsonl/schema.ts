import { z } from 'zod';
import { filePath, positiveInt } from '../../config/fields';
import { jsonSchemaProblem } from '../checks/json';
import { patternFlags, patternProblem } from '../checks/regex';
import { textMeasures } from '../checks/text';
import { type Prompts, promptsShape } from '../prompts';

export const jsonlPrompts: Prompts = {
  question:
    'This is a question.\n\n{question}\n\nWrite one new question of the same kind and about the same difficulty, with other content. ' +
    'Reply with the question alone.',
  answer:
    'Answer this question.\n\n{question}\n\nGive a short working, and the final answer on the last line, behind ####.',
  student: '{question}\n',
};

const column = z.string().min(1);

export const jsonlSchema = z.strictObject({
  kind: z.literal('jsonl').describe('your own questions, from files'),
  train: filePath.describe(
    'the seed questions: a file, a folder or a glob of JSONL, JSON, CSV, TSV or Parquet files, which may be gzipped, here or ' +
      'on the Hugging Face hub (hf://datasets/OWNER/NAME/PATH)',
  ),
  test: z
    .union([
      filePath,
      z.strictObject({
        share: z.number().gt(0).lt(1).describe('share of the questions of train that become the test set'),
        seed: z.int().nonnegative().default(1).describe('another seed gives another test set'),
      }),
    ])
    .describe('the test questions: files as for train, or {share: 0.1} to split them off train'),
  question: column
    .default('question')
    .describe(
      'column of the question, nested ones by path (question.stem), or a template of columns such as "{context}\\n{question}"; ' +
        '{options} in it stands for the options',
    ),
  answer: column
    .default('answer')
    .describe(
      'column of the reference answer; a list holds several right ones, of which any counts. With options also its index from 0 or its text',
    ),
  options: column
    .optional()
    .describe(
      'column of the options of a multiple-choice question; they are written below the question, one a line: (A) ...',
    ),
  messages: column
    .optional()
    .describe(
      'column of a conversation (messages, or conversations of ShareGPT), in place of question and answer: the last turn of the ' +
        'assistant is the reference answer, the turns before it are the question',
    ),
  stratum: column
    .optional()
    .describe('column of the group that results are broken down by. Default: none; for check: labels the label'),
  check: z
    .enum(['number', 'exact', 'choice', 'math', 'regex', 'labels', 'json', 'text', 'judge', 'command'])
    .describe(
      'how answers are compared. number, exact, choice, math, regex and labels look at the final answer: behind ####, in ' +
        '\\boxed{}, in <answer>, in JSON, behind "answer is", or in the last line. number: by exact value; exact: as text, whole ' +
        'where the reference has no marker; choice: letters or numbers of options; math: LaTeX, also by math-verify; regex: by ' +
        'what pattern finds; labels: the one of labels that the answer names; json: as JSON values; text: by similarity of the whole text; judge: a model grades by a rubric (section judge); command: by a program of your own',
    ),
  pattern: z
    .string()
    .min(1)
    .superRefine((pattern, context) => {
      const problem = patternProblem(pattern);
      if (problem !== null) {
        context.addIssue({ code: 'custom', message: `a pattern that can be used: ${problem}` });
      }
    })
    .optional()
    .describe(
      'for check: regex, in RE2 syntax; the answer is its first group, or the whole match, in the last line that it matches',
    ),
  flags: z
    .array(z.enum(patternFlags))
    .optional()
    .describe('for check: regex. i: ignore case; m: ^ and $ match at every line; s: . also matches a new line'),
  tolerance: z
    .strictObject({
      absolute: z.number().positive().max(1e100).optional().describe('largest difference'),
      relative: z
        .number()
        .positive()
        .max(1)
        .optional()
        .describe("largest difference, as a share of the reference's size"),
    })
    .refine(
      ({ absolute, relative }) => (absolute === undefined) !== (relative === undefined),
      'either absolute or relative',
    )
    .optional()
    .describe('for check: number; how far an answer may be from its reference. Default: equal'),
  case: z
    .enum(['ignore', 'keep'])
    .optional()
    .describe('for check: exact; keep: case matters. Default: ignore, except for short names such as US'),
  labels: z
    .array(z.string().trim().min(1))
    .min(2)
    .refine((labels) => new Set(labels.map((label) => label.toLowerCase())).size === labels.length, 'different labels')
    .optional()
    .describe('for check: labels; all labels there are, such as [positive, negative, neutral]'),
  json: z
    .strictObject({
      fields: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('key paths whose values must be equal, such as [name, address.city]. Default: the whole value'),
      schema: z
        .record(z.string(), z.unknown())
        .superRefine((schema, context) => {
          const problem = jsonSchemaProblem(schema);
          if (problem !== null) {
            context.addIssue({ code: 'custom', message: `a JSON Schema: ${problem}` });
          }
        })
        .optional()
        .describe('JSON Schema that answers and references must match'),
    })
    .optional()
    .describe('for check: json; what is compared'),
  text: z
    .strictObject({
      measure: z
        .enum(textMeasures)
        .default('token-f1')
        .describe(
          'exact: the same words; contains: the reference is in the answer; token-f1: words in common (SQuAD); rouge-l: also ' +
            'their order; chrf: character n-grams in common (Popović 2015)',
        ),
      at_least: z
        .number()
        .gt(0)
        .max(1)
        .optional()
        .describe(
          'similarity from which an answer is right; not for exact and contains. Default: none, and figures show the mean ' +
            'similarity as a score from 0 to 1',
        ),
    })
    .optional()
    .describe('for check: text; how similarity is measured. Default: token-f1'),
  judge: z
    .strictObject({
      rubric: z.string().trim().min(1).describe('what a right answer does, in your words'),
      scale: z
        .enum(['pass', '1-10'])
        .default('pass')
        .describe('what the judge gives: pass or fail, or a mark of 1 to 10'),
      threshold: z
        .int()
        .min(2)
        .max(10)
        .optional()
        .describe(
          'for scale: 1-10; mark from which an answer is right. Default: none, and figures show the mean mark as a score from 0 to 1',
        ),
    })
    .optional()
    .describe('for check: judge; how the model of the section judge grades an answer'),
  command: z
    .strictObject({
      run: z
        .array(z.string().min(1))
        .min(1)
        .describe(
          'the program and its arguments, such as [python3, check.py]. It is started once, reads one JSON line an answer ({id, ' +
            'question, reference, answer}) and writes one: {id, correct: true} or {id, score: 0.5}, and a reason if it likes',
        ),
      folder: filePath.default('.').describe("the program's working directory"),
      seconds_max: z.number().positive().max(3600).default(10).describe('limit for one answer'),
      memory_max_mib: positiveInt.default(2048).describe('limit of memory (address space)'),
    })
    .optional()
    .describe('for check: command; your own program. A crash or a time-out costs that answer alone'),
  pool_size: positiveInt.optional().describe('seed questions to draw from the training file; default: all'),
  test_size: positiveInt.optional().describe('questions to draw from the test file; default: all'),
  on_bad_rows: z
    .enum(['fail', 'skip'])
    .optional()
    .describe(
      'rows that cannot be used (unreadable, repeated, or also in the test set). fail, which is the default: the file is ' +
        'refused, with every kind of problem; skip: they are left out and counted',
    ),
  prompts: z
    .strictObject({
      ...promptsShape(jsonlPrompts),
      system: z.string().min(1).optional().describe('system message of both requests to the teacher'),
      examples: z
        .int()
        .min(1)
        .max(16)
        .optional()
        .describe(
          'examples in both requests to the teacher, as earlier turns: other seeds, drawn by the random seed of the run, with ' +
            'their reference answers. They make every request longer and dearer. Default: none',
        ),
    })
    .prefault({}),
});

export type JsonlOptions = z.output<typeof jsonlSchema>;
