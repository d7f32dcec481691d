import { z } from 'zod';
import { checkpointColumns, type Documented, rowColumns } from './data/columns';
import { experimentResultsSchema, runResultsSchema } from './results-schema';

/** The part of JSON Schema that the results use. */
interface Node {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | false;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/**
 * The text of docs/results-format.md, printed from the schema. To write it again:
 * `npx tsx -e "process.stdout.write(require('./src/analysis/results-format').resultsFormatMarkdown())"`.
 */
export function resultsFormatMarkdown(): string {
  return [
    '# The format of results.json, results.csv and rows.parquet',
    '',
    '`tutelage report NAME` writes them beside `report.html`, for one run or for an experiment, finished or still going;',
    'all figures are drawn from them. They are functions of stored data: no path of this machine and no random number',
    'enters them. Two runs with the same configuration and the same teacher answers have the same files, `unknown` and',
    '`times` apart, whether they were killed or not. Keys and columns are only ever added; a key that changed its meaning',
    'would raise `format`.',
    '',
    '`[]` stands for each item of a list, `*` for each key of a map. All intervals are two-sided, 95 %.',
    '',
    ...keySection('One run (`kind: run`)', runResultsSchema),
    ...keySection('An experiment (`kind: experiment`)', experimentResultsSchema),
    ...columnSection('results.csv: one line an evaluation of a run', checkpointColumns),
    ...columnSection('rows.parquet: one line a pick that was put to the teacher, accepted or not', rowColumns),
  ].join('\n');
}

/** A heading and the table of the schema's keys, as lines of Markdown. */
export function keySection(title: string, schema: z.ZodType): string[] {
  const rows = keysOf(z.toJSONSchema(schema, { io: 'output' }) as Node, '');
  return [`## ${title}`, '', '| key | type | meaning |', '|---|---|---|', ...rows, ''];
}

function columnSection<Line>(title: string, columns: readonly Documented<Line>[]): string[] {
  const rows = columns.map(({ name, type, meaning }) => `| \`${name}\` | ${type} | ${meaning} |`);
  return [`## ${title}`, '', '| column | type | meaning |', '|---|---|---|', ...rows, ''];
}

function keysOf(node: Node, path: string): string[] {
  const row =
    path === '' ? [] : [`| \`${path}\` | ${typeOf(node)} | ${(node.description ?? '').replaceAll('|', '\\|')} |`];
  // The configuration has a reference of its own, and a run inside an experiment is described above it.
  if (path === 'config' || path === 'runs[]') {
    return row;
  }
  return [...row, ...childrenOf(node, path)];
}

function childrenOf(node: Node, path: string): string[] {
  const prefix = path === '' ? '' : `${path}.`;
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => keysOf(child, prefix + key)),
    ...(node.additionalProperties ? keysOf(node.additionalProperties, `${prefix}*`) : []),
    ...(node.items ? keysOf(node.items, `${path}[]`) : []),
    ...uniqueLines((node.anyOf ?? []).flatMap((choice) => childrenOf(choice, path))),
  ];
}

function typeOf(node: Node): string {
  if (node.anyOf) {
    return [...new Set(node.anyOf.map(typeOf))].join(' or ');
  }
  const values = node.enum ?? (node.const === undefined ? [] : [node.const]);
  return values.length > 0
    ? values.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
    : [node.type ?? 'any'].flat().join(' or ');
}

const uniqueLines = (lines: readonly string[]) => [...new Set(lines)];
