import { configJsonSchema, formsOf, type SchemaNode } from './json-schema';

/** `docs/config.md`: every key with its type, default and meaning. Generated from the schema, so it is never out of date. */
export function configReference(): string {
  return [
    '# Configuration',
    '',
    'Every key of a configuration file. Unknown keys are errors; `--set path=value` overrides any key for one call, with a',
    'value in YAML, and `null` removes a key. An optional key without a default may be left out.',
    '',
    'Complete sections for OpenAI, Azure, OpenRouter, DeepSeek, Mistral, Gemini, vLLM and Ollama: [endpoints](endpoints.md).',
    '',
    ...section('', configJsonSchema(), 2),
  ].join('\n');
}

/** The scalar keys of a mapping as a table, then each inner mapping under a heading of its own. */
function section(path: string, node: SchemaNode, depth: number): string[] {
  const entries = Object.entries(node.properties ?? {}).map(([key, value]) => ({
    key,
    value,
    path: path === '' ? key : `${path}.${key}`,
    isRequired: node.required?.includes(key) ?? false,
    mappings: formsOf(value).filter(({ properties }) => properties !== undefined),
  }));
  const rows = entries.filter(({ value, mappings }) => mappings.length < formsOf(value).length);
  const table = rows.map(({ key, value, isRequired }) => {
    const fallback = isRequired ? 'required' : value.default === undefined ? '' : code(value.default);
    return `| \`${key}\` | ${cell(typeOf(value))} | ${fallback} | ${cell(value.description ?? '')} |`;
  });
  const head = ['| key | value | default | meaning |', '|---|---|---|---|'];
  return [
    ...(table.length > 0 ? [...head, ...table, ''] : []),
    ...entries.flatMap(({ path: inner, value, mappings, isRequired }) =>
      mappings.flatMap((mapping) => [
        `${'#'.repeat(depth)} ${headingOf(inner, mapping)}`,
        '',
        ...introduction(value, isRequired),
        ...section(inner, mapping, Math.min(depth + 1, 6)),
      ]),
    ),
  ];
}

function headingOf(path: string, { properties }: SchemaNode): string {
  const kind = properties?.kind?.const;
  return kind === undefined ? `\`${path}\`` : `\`${path}\` of kind \`${kind}\``;
}

function introduction({ description, default: fallback }: SchemaNode, isRequired: boolean): string[] {
  const state = isRequired ? 'Required.' : fallback === undefined ? 'Absent by default.' : '';
  const text = [
    description === undefined ? '' : `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
    state,
  ]
    .filter((part) => part !== '')
    .join(' ');
  return text === '' ? [] : [text, ''];
}

function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) {
    return node.anyOf.map((form) => (form.properties === undefined ? typeOf(form) : 'a mapping')).join(' or ');
  }
  if (node.const !== undefined) {
    return code(node.const);
  }
  if (node.enum !== undefined) {
    return node.enum.map(code).join(', ');
  }
  if (node.type === 'array') {
    return node.items?.type === undefined ? 'list' : `list of ${node.items.type}s`;
  }
  const names: Readonly<Record<string, string>> = {
    integer: 'whole number',
    string: 'text',
    object: 'mapping',
    boolean: '`true`, `false`',
  };
  return [names[node.type ?? ''] ?? node.type ?? 'any', ...limits(node)].join(' ');
}

/** A limit that nobody meets says nothing. */
const BEYOND_USE = 1_000_000_000;

function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string[] {
  return [
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(minimum === undefined ? [] : [`>= ${minimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`]),
    ...(maximum === undefined || maximum >= BEYOND_USE ? [] : [`<= ${maximum}`]),
  ];
}

const code = (value: unknown) =>
  `\`${typeof value === 'string' ? value.replaceAll('\n', '\\n') : JSON.stringify(value)}\``;

const cell = (text: string) => text.replaceAll('|', '\\|');
