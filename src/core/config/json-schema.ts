import { z } from 'zod';
import type { KeyPath } from './key-path';
import { fileSchema } from './schema';

/** The part of JSON Schema that the configuration uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** Of a mapping whose keys the file chooses. */
  readonly additionalProperties?: SchemaNode | boolean;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** The JSON Schema of a configuration file, for editors. */
export function configJsonSchema(): SchemaNode & Record<string, unknown> {
  // Draft 7 is the newest that all editors' YAML support reads in full.
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'tutelage configuration', ...rest } as SchemaNode & Record<string, unknown>;
}

const root = configJsonSchema();

/** The schemas that a value at this path may have; empty where there is no such key. */
export function formsAt(path: KeyPath): readonly SchemaNode[] {
  return path.reduce<readonly SchemaNode[]>(
    (nodes, key) =>
      nodes.flatMap(formsOf).flatMap((node) => (typeof key === 'number' ? node.items : memberOf(node, key)) ?? []),
    [root],
  );
}

function memberOf({ properties, additionalProperties }: SchemaNode, key: string): SchemaNode | undefined {
  return properties?.[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
}

/** Whether `null` is a value at this path, rather than the removal of its key. */
export const takesNull = (path: KeyPath): boolean =>
  formsAt(path)
    .flatMap(formsOf)
    .some(({ type }) => type === 'null');

/** The keys of the mapping at this path. */
export function keysAt(path: KeyPath): string[] {
  const keys = formsAt(path)
    .flatMap(formsOf)
    .flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)];
}

/** The alternatives of a value, or the value's one form. */
export function formsOf(node: SchemaNode): readonly SchemaNode[] {
  const meant = node.$ref === undefined ? node : (root.definitions?.[node.$ref.replace('#/definitions/', '')] ?? node);
  return (meant.oneOf ?? meant.anyOf)?.flatMap(formsOf) ?? [meant];
}
