import type { Parsed } from '../task';

/** What a row of a data file says, by the columns that the configuration names. */

export type DataRecord = Readonly<Record<string, unknown>>;

/** One option of a multiple-choice question. */
export interface AnswerOption {
  readonly label: string;
  readonly text: string;
}

/**
 * The value in a column: `question`, a path into nested columns such as `question.stem`, or an element such as
 * `answers.0`. Of a list of mappings, a path gives the list of that member. `undefined` where there is none.
 */
export function valueAt(record: unknown, path: string): unknown {
  if (isMapping(record) && Object.hasOwn(record, path)) {
    return record[path];
  }
  const [first = '', ...rest] = path.split('.');
  const inner = memberOf(record, first);
  return rest.length === 0 || inner === undefined ? inner : valueAt(inner, rest.join('.'));
}

function memberOf(value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    if (/^\d+$/.test(key)) {
      return value[Number(key)];
    }
    const members = value.map((element) => memberOf(element, key));
    return members.some((member) => member === undefined) ? undefined : members;
  }
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The text in a column. Numbers and truth values are written out; a mapping is written as JSON. */
export function textAt(record: DataRecord, path: string): Parsed {
  const value = valueAt(record, path);
  if (value === undefined) {
    return { ok: false, reason: `there is no column "${path}"; there are ${columnsOf(record).join(', ') || 'none'}` };
  }
  if (value === null) {
    return { ok: false, reason: `"${path}" is null` };
  }
  if (Array.isArray(value)) {
    return {
      ok: false,
      reason: `"${path}" is a list, not text; name one element, such as ${path}.0, or write it into a template: question: "{${path}}"`,
    };
  }
  const text = written(value).trim();
  return text === '' ? { ok: false, reason: `"${path}" is empty` } : { ok: true, value: text };
}

/** A template with the values of columns in its slots. An optional column may be empty; a missing one is a problem. */
export function fillFromColumns(template: string, record: DataRecord, given: DataRecord = {}): Parsed {
  const missing: string[] = [];
  const text = template.replace(slots, (_, path: string) => {
    const value = Object.hasOwn(given, path) ? given[path] : valueAt(record, path);
    if (value === undefined) {
      missing.push(path);
    }
    return value === undefined || value === null ? '' : written(value);
  });
  if (missing.length > 0) {
    const columns = columnsOf(record).join(', ') || 'none';
    return { ok: false, reason: `there is no column "${missing[0]}"; there are ${columns}` };
  }
  const trimmed = text.replace(/\n{3,}/g, '\n\n').trim();
  return trimmed === '' ? { ok: false, reason: 'the question is empty' } : { ok: true, value: trimmed };
}

/** `{column}`, but not JSON, which has quotes or spaces after its braces. */
const slots = /\{([\p{L}_][\p{L}\p{N}_.-]*)\}/gu;

export const isTemplate = (text: string) => text.search(slots) >= 0;

/**
 * The options of a question in any of the forms in which they are published: a list of texts (MMLU), of texts with their
 * labels (`A)21`, AQuA), of mappings with `label` and `text` (CommonsenseQA), two lists (`text`, `label`; ARC), or a mapping
 * from label to text.
 */
export function optionsAt(record: DataRecord, path: string): readonly AnswerOption[] | { readonly reason: string } {
  const value = valueAt(record, path);
  const options = optionsOf(value);
  return options === null || options.length < 2
    ? {
        reason: `"${path}" holds no list of options${value === undefined ? `; there are ${columnsOf(record).join(', ')}` : ''}`,
      }
    : options;
}

function optionsOf(value: unknown): readonly AnswerOption[] | null {
  if (Array.isArray(value)) {
    const labelled = value.map((element) => {
      const text = isMapping(element) ? (element.text ?? element.content ?? element.value) : element;
      const label = isMapping(element) ? (element.label ?? element.key ?? element.id) : undefined;
      return { label: label === undefined ? null : written(label), text: text === undefined ? null : written(text) };
    });
    return labelled.every(({ text }) => text !== null) ? withLabels(labelled) : null;
  }
  if (!isMapping(value)) {
    return null;
  }
  const { text, label } = value;
  if (Array.isArray(text) && Array.isArray(label) && text.length === label.length) {
    return text.map((each, index) => ({ label: written(label[index]), text: written(each) }));
  }
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  return entries.every(([, each]) => typeof each !== 'object')
    ? entries.map(([key, each]) => ({ label: key, text: written(each) }))
    : null;
}

function withLabels(found: readonly { readonly label: string | null; readonly text: string | null }[]): AnswerOption[] {
  const ownLabel = /^\(?([A-Z]|\d{1,2})[).:]\s*/;
  const texts = found.map(({ text }) => text ?? '');
  const hasOwn = texts.every((text, index) => ownLabel.exec(text)?.[1] === letterAt(index));
  return found.map(({ label }, index) => {
    const text = texts[index] ?? '';
    return { label: label ?? letterAt(index), text: hasOwn ? text.replace(ownLabel, '') : text };
  });
}

const letterAt = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);

/** One option a line: `(A) 21`. */
export const writeOptions = (options: readonly AnswerOption[]) =>
  options.map(({ label, text }) => `(${label}) ${text}`).join('\n');

/**
 * The label of the option that a reference names: by its label, its text, or its index from 0 (MMLU). A number that could be
 * both a text and an index is only read where both agree.
 */
export function labelOfReference(options: readonly AnswerOption[], reference: unknown): Parsed {
  const text = written(reference).trim();
  const byLabel = options.find(({ label }) => label.toLowerCase() === text.toLowerCase());
  if (byLabel !== undefined) {
    return { ok: true, value: byLabel.label };
  }
  const byIndex = /^\d{1,2}$/.test(text) ? options[Number(text)] : undefined;
  if (byIndex !== undefined && typeof reference !== 'string') {
    return { ok: true, value: byIndex.label };
  }
  const named = options.filter((option) => option.text.trim() === text || option === byIndex);
  const [only] = named;
  return only !== undefined && named.length === 1
    ? { ok: true, value: only.label }
    : {
        ok: false,
        reason: `${named.length === 0 ? 'no option has' : 'several options may have'} the label or the text ${JSON.stringify(text)}`,
      };
}

/** The columns of a record; of nested ones, their paths. */
export function columnsOf(record: DataRecord): string[] {
  return Object.entries(record).flatMap(([name, value]) =>
    isMapping(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name],
  );
}

function written(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(written).join('\n');
  }
  return typeof value === 'string' ? value : isMapping(value) ? JSON.stringify(value) : String(value);
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
