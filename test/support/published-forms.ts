import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file in the form in which a data set is published, with rows of our own, and what a user writes of it. */
export interface PublishedForm {
  readonly name: string;
  readonly file: string;
  readonly content: string | Buffer;
  /** Keys of `task`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What a seed's question and reference look like. */
  readonly question: RegExp;
  readonly answer: RegExp;
  /** A new question that a teacher writes, and its answer to it. */
  readonly teacher: { readonly question: (n: number) => string; readonly answer: string };
}

/** Eight rows that differ in their number, so that both halves of a file have some. */
export const eight = <T>(row: (n: number) => T) => Array.from({ length: 8 }, (_, index) => row(index + 2));
export const jsonLines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

export const publishedForms: readonly PublishedForm[] = [
  {
    name: 'ARC: options in two lists',
    file: 'arc.jsonl',
    content: jsonLines(
      eight((n) => ({
        question: `Which is a rock, of ${n}?`,
        choices: { text: ['bread', 'slate'], label: ['A', 'B'] },
        answerKey: 'B',
      })),
    ),
    options: { answer: 'answerKey', options: 'choices', check: 'choice' },
    question: /^Which is a rock, of \d+\?\n\(A\) bread\n\(B\) slate$/,
    answer: /^B$/,
    teacher: { question: (n) => `Which is a rock, of ${n}?\n(A) bread\n(B) slate`, answer: 'Slate is.\n#### B' },
  },
  {
    name: 'CommonsenseQA: nested, options with their labels',
    file: 'csqa.jsonl',
    content: jsonLines(
      eight((n) => ({
        answerKey: 'A',
        question: {
          stem: `Where is water ${n}?`,
          choices: [
            { label: 'A', text: 'sea' },
            { label: 'B', text: 'sand' },
          ],
        },
      })),
    ),
    options: { question: 'question.stem', answer: 'answerKey', options: 'question.choices', check: 'choice' },
    question: /^Where is water \d+\?\n\(A\) sea\n\(B\) sand$/,
    answer: /^A$/,
    teacher: { question: (n) => `Where is water ${n}?\n(A) sea\n(B) sand`, answer: 'In the sea.\n#### A' },
  },
  {
    name: 'MMLU: the answer is an index from 0',
    file: 'mmlu.jsonl',
    content: jsonLines(
      eight((n) => ({ question: `What is ${n} - ${n}?`, choices: ['one', 'two', 'zero', 'four'], answer: 2 })),
    ),
    options: { options: 'choices', check: 'choice' },
    question: /^What is (\d+) - \1\?\n\(A\) one\n\(B\) two\n\(C\) zero\n\(D\) four$/,
    answer: /^C$/,
    teacher: {
      question: (n) => `What is ${n} - ${n}?\n(A) one\n(B) two\n(C) zero\n(D) four`,
      answer: 'Nothing is left.\n#### C',
    },
  },
  {
    name: 'AQuA: options begin with their labels',
    file: 'aqua.json',
    content: jsonLines(eight((n) => ({ question: `Half of ${2 * n}?`, options: [`A)${n}`, 'B)1'], correct: 'A' }))),
    options: { answer: 'correct', options: 'options', check: 'choice' },
    question: /^Half of \d+\?\n\(A\) \d+\n\(B\) 1$/,
    answer: /^A$/,
    teacher: { question: (n) => `Half of ${2 * n}?\n(A) ${n}\n(B) 1`, answer: '#### A' },
  },
  {
    name: 'SVAMP: a JSON list, question from two columns',
    file: 'svamp.json',
    content: JSON.stringify(
      eight((n) => ({ Body: `Ana has ${n} pens.`, Question: 'How many pens has she?', Answer: n })),
      null,
      2,
    ),
    options: { question: '{Body} {Question}', answer: 'Answer', check: 'number' },
    question: /^Ana has \d+ pens\. How many pens has she\?$/,
    answer: /^\d$/,
    teacher: { question: (n) => `Ana has ${n} pens. How many pens has she?`, answer: 'She has them all.\n#### 12' },
  },
  {
    name: 'ASDiv as CSV with quoted commas and lines',
    file: 'asdiv.csv',
    content: `body,question,answer\r\n${eight((n) => `"Ben, who is ${n},\nhas ""${n}"" cats.",How many?,${n} (cats)`).join('\r\n')}\r\n`,
    options: { question: '{body}\n{question}', check: 'exact' },
    question: /^Ben, who is \d+,\nhas "\d+" cats\.\nHow many\?$/,
    answer: /^\d \(cats\)$/,
    teacher: { question: (n) => `Ben, who is ${n},\nhas "${n}" cats.\nHow many?`, answer: '#### 12 (cats)' },
  },
  {
    name: 'Alpaca: an input that may be empty',
    file: 'alpaca.json',
    content: JSON.stringify(eight((n) => ({ instruction: `Name ${n} colours.`, input: '', output: 'red' }))),
    options: { question: '{instruction}\n\n{input}', answer: 'output', check: 'text' },
    question: /^Name \d+ colours\.$/,
    answer: /^red$/,
    teacher: { question: (n) => `Name ${n} colours.`, answer: 'red, green and others' },
  },
  {
    name: 'ShareGPT: the last answer of a conversation',
    file: 'sharegpt.json',
    content: JSON.stringify(
      eight((n) => ({
        id: n,
        conversations: [
          { from: 'human', value: `Say ${n}` },
          { from: 'gpt', value: String(n) },
        ],
      })),
    ),
    options: { messages: 'conversations', check: 'exact' },
    question: /^Say \d+$/,
    answer: /^\d$/,
    teacher: { question: (n) => `Say ${n}`, answer: '12' },
  },
  {
    name: 'chat messages with a system turn',
    file: 'chat.jsonl.gz',
    content: gzipSync(
      jsonLines(
        eight((n) => ({
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: [{ type: 'text', text: `Tell me ${n}` }] },
            { role: 'assistant', content: 'ok' },
          ],
        })),
      ),
    ),
    options: { messages: 'messages', check: 'exact' },
    question: /^\[\{"role":"system","content":"Be brief\."\},\{"role":"user","content":"Tell me \d+"\}\]$/,
    answer: /^ok$/,
    teacher: { question: (n) => `Tell me ${n}`, answer: 'ok' },
  },
  {
    name: 'FEVER as TSV',
    file: 'fever.tsv',
    content: `claim\tlabel\n${eight((n) => `The "${n}" is prime\tNOT ENOUGH INFO`).join('\n')}\n`,
    options: {
      ...{ question: 'claim', answer: 'label', check: 'labels' },
      labels: ['SUPPORTS', 'REFUTES', 'NOT ENOUGH INFO'],
    },
    question: /^The "\d+" is prime$/,
    answer: /^NOT ENOUGH INFO$/,
    teacher: { question: (n) => `The "${n}" is prime`, answer: 'Nobody said so.\n#### NOT ENOUGH INFO' },
  },
  {
    name: 'HumanEval: code keeps its lines, and its tests are the reference',
    file: 'code.jsonl',
    content: jsonLines(
      eight((n) => ({
        task_id: `HumanEval/${n}`,
        prompt: `def f${n}(x):\n    """Adds ${n}."""\n`,
        canonical_solution: `    return x + ${n}\n`,
        test: `def check(candidate):\n    assert candidate(1) == ${n + 1}\n`,
      })),
    ),
    options: {
      ...{ question: 'prompt', answer: 'test', check: 'command' },
      command: { run: ['node', 'check.js'], seconds_max: 60 },
    },
    question: /^def f\d+\(x\):\n {4}"""Adds \d+\."""$/,
    answer: /^def check\(candidate\):\n {4}assert candidate\(1\) == \d+$/,
    teacher: { question: (n) => `def f${n}(x):\n    """Adds ${n}."""`, answer: 'def f(x):\n    return x + 1' },
  },
  {
    name: 'extraction: the reference is a JSON value',
    file: 'people.jsonl',
    content: jsonLines(eight((n) => ({ text: `Ida of Ulm is ${n}.`, entities: { name: 'Ida', age: n } }))),
    options: { question: 'text', answer: 'entities', check: 'json', json: { fields: ['name', 'age'] } },
    question: /^Ida of Ulm is \d+\.$/,
    answer: /^\{"name":"Ida","age":\d\}$/,
    teacher: { question: (n) => `Ida of Ulm is ${n}.`, answer: '```json\n{"name": "Ida", "age": 12}\n```' },
  },
  {
    name: 'SQL: schema and question, in zstd Parquet as polars writes it',
    file: 'sql.parquet',
    content: readFileSync(join(__dirname, 'data', 'sql-zstd.parquet')),
    options: { question: '{context}\n{question}', check: 'exact' },
    question: /^CREATE TABLE t\d+ \(a INT\)\nHow many rows\?$/,
    answer: /^SELECT COUNT\(\*\) FROM t\d$/,
    teacher: {
      question: (n) => `CREATE TABLE t${n} (a INT)\nHow many rows?`,
      answer: '```sql\nSELECT COUNT(*) FROM t12\n```',
    },
  },
];
