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

/** The text of docs/results-format.md, generated from the schema by `npm run docs`. */
export function resultsFormatMarkdown(): string {
  return [
    '# The format of results.json, results.csv and rows.parquet',
    '',
    '`tutelage report NAME` writes them beside `report.html`, for a run or an experiment, finished or not. All figures are',
    'drawn from them. They depend on stored data alone: they contain no path of this machine and no random number. Two runs',
    'with the same configuration and the same teacher answers have the same files, except for `unknown` and `times`,',
    'whether they were killed or not. Keys and columns are added, never removed; a key whose meaning changes raises `format`.',
    '',
    '`[]` stands for each item of a list, `*` for each key of a map. All intervals are two-sided, 95 %.',
    '',
    // The configuration has a reference of its own, and a run inside an experiment is described above it.
    ...keySection('One run (`kind: run`)', runResultsSchema, ['config']),
    ...keySection('An experiment (`kind: experiment`)', experimentResultsSchema, ['runs[]']),
    ...columnSection('results.csv: one line for each evaluation of a run', checkpointColumns),
    ...columnSection(
      'rows.parquet: one line for each selected seed that was sent to the teacher, accepted or not',
      rowColumns,
    ),
  ].join('\n');
}

/**
 * A heading and the table of the schema's keys, as lines of Markdown.
 *
 * @param describedElsewhere keys whose own keys are left out
 */
export function keySection(title: string, schema: z.ZodType, describedElsewhere: readonly string[] = []): string[] {
  const rows = keysOf(z.toJSONSchema(schema, { io: 'output' }) as Node, '', describedElsewhere);
  return [`## ${title}`, '', '| key | type | meaning |', '|---|---|---|', ...rows, ''];
}

function columnSection<Line>(title: string, columns: readonly Documented<Line>[]): string[] {
  const rows = columns.map(({ name, type, meaning }) => `| \`${name}\` | ${type} | ${meaning} |`);
  return [`## ${title}`, '', '| column | type | meaning |', '|---|---|---|', ...rows, ''];
}

function keysOf(node: Node, path: string, describedElsewhere: readonly string[]): string[] {
  const row =
    path === '' ? [] : [`| \`${path}\` | ${typeOf(node)} | ${(node.description ?? '').replaceAll('|', '\\|')} |`];
  return describedElsewhere.includes(path) ? row : [...row, ...childrenOf(node, path, describedElsewhere)];
}

function childrenOf(node: Node, path: string, describedElsewhere: readonly string[]): string[] {
  const keys = (child: Node, at: string) => keysOf(child, at, describedElsewhere);
  const prefix = path === '' ? '' : `${path}.`;
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => keys(child, prefix + key)),
    ...(node.additionalProperties ? keys(node.additionalProperties, `${prefix}*`) : []),
    ...(node.items ? keys(node.items, `${path}[]`) : []),
    ...uniqueLines((node.anyOf ?? []).flatMap((choice) => childrenOf(choice, path, describedElsewhere))),
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
