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
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input' });
  return { $schema, title: 'tutelage configuration', ...rest } as SchemaNode & Record<string, unknown>;
}

const root = configJsonSchema();

/** The forms that a value at this path may have; none where there is no such key. */
export function formsAt(path: KeyPath): readonly SchemaNode[] {
  return path.reduce<readonly SchemaNode[]>(
    (nodes, key) =>
      nodes.flatMap(formsOf).flatMap((node) => (typeof key === 'number' ? node.items : node.properties?.[key]) ?? []),
    [root],
  );
}

/** The keys of the mapping at this path. */
export function keysAt(path: KeyPath): string[] {
  const keys = formsAt(path)
    .flatMap(formsOf)
    .flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)];
}

/** The alternatives of a value, or the value's one form. */
export function formsOf(node: SchemaNode): readonly SchemaNode[] {
  return node.oneOf ?? node.anyOf ?? [node];
}
