import { writeReferences } from '../checks/any-of';
import type { FileRow, Parsed } from '../task';
import { chatRowAt } from './chat-rows';
import {
  type AnswerOption,
  type DataRecord,
  fillFromColumns,
  isTemplate,
  labelOfReference,
  optionsAt,
  textAt,
  valueAt,
  writeOptions,
} from './columns';
import type { JsonlOptions } from './schema';

type ReadRow = { readonly ok: true; readonly row: FileRow } | { readonly ok: false; readonly reason: string };

/** A row of the user's file as a question, its reference answer and its stratum; or every reason why it is none. */
export function readRow(options: JsonlOptions, record: DataRecord): ReadRow {
  const asked = options.messages === undefined ? columnsRow(options, record) : chatRow(options.messages, record);
  const stratum: Parsed = options.stratum === undefined ? { ok: true, value: 'all' } : textAt(record, options.stratum);
  const { question, answer } = asked;
  if (question.ok && answer.ok && stratum.ok) {
    return { ok: true, row: { question: question.value, answer: answer.value, stratum: stratum.value } };
  }
  const reasons = [question, answer, stratum].flatMap((part) => (part.ok ? [] : [part.reason]));
  return { ok: false, reason: [...new Set(reasons)].join('; ') };
}

interface Asked {
  readonly question: Parsed;
  readonly answer: Parsed;
}

function columnsRow(task: JsonlOptions, record: DataRecord): Asked {
  const { question, answer, options } = task;
  if (options === undefined) {
    return { question: questionAt(record, question), answer: referenceAt(task, record) };
  }
  const found = optionsAt(record, options);
  if ('reason' in found) {
    return { question: { ok: false, reason: found.reason }, answer: textAt(record, answer) };
  }
  return { question: withOptions(record, question, found), answer: labelAt(record, answer, found) };
}

/** The reference of a row. A list holds several right answers; for `check: json` it is one value. */
function referenceAt({ answer, check }: JsonlOptions, record: DataRecord): Parsed {
  const value = valueAt(record, answer);
  if (!Array.isArray(value)) {
    return textAt(record, answer);
  }
  if (check === 'json') {
    return { ok: true, value: JSON.stringify(value) };
  }
  const found = value.map((_, index) => textAt(record, `${answer}.${index}`));
  const unusable = found.find((each) => !each.ok);
  const [first, ...others] = found.flatMap((each) => (each.ok ? [each.value] : []));
  if (value.some((each) => typeof each === 'object')) {
    return { ok: false, reason: `"${answer}" is a list of mappings; name their member, such as ${answer}.text` };
  }
  if (unusable !== undefined) {
    return unusable;
  }
  return first === undefined
    ? { ok: false, reason: `"${answer}" is an empty list` }
    : { ok: true, value: writeReferences([first, ...others]) };
}

const questionAt = (record: DataRecord, question: string) =>
  isTemplate(question) ? fillFromColumns(question, record) : textAt(record, question);

function withOptions(record: DataRecord, question: string, options: readonly AnswerOption[]): Parsed {
  const written = writeOptions(options);
  if (question.includes('{options}')) {
    return fillFromColumns(question, record, { options: written });
  }
  const asked = questionAt(record, question);
  return asked.ok ? { ok: true, value: `${asked.value}\n${written}` } : asked;
}

function labelAt(record: DataRecord, answer: string, options: readonly AnswerOption[]): Parsed {
  const text = textAt(record, answer);
  return text.ok ? labelOfReference(options, valueAt(record, answer)) : text;
}

function chatRow(column: string, record: DataRecord): Asked {
  const read = chatRowAt(record, column);
  if ('reason' in read) {
    const none: Parsed = { ok: false, reason: read.reason };
    return { question: none, answer: none };
  }
  return { question: { ok: true, value: read.row.question }, answer: { ok: true, value: read.row.answer } };
}
