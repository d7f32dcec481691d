import { Document, isMap, isNode, isScalar, isSeq, type Node, visit } from 'yaml';
import { formatKeyPath, type KeyPath } from './key-path';
import type { RunPlan } from './run-plan';

/** The resolved configuration of a run as YAML, each value with its origin: a line of a file, `--set`, the matrix, a preset, or the default. */
export function resolvedYaml({ run, config, origins }: RunPlan): string {
  const document = new Document(config);
  document.commentBefore = ` The resolved configuration of run ${run}: for reading, not for running.`;
  visit(document, {
    Pair(_, pair, ancestors) {
      const value = pair.value;
      if (isNode(value) && !isMap(value)) {
        const path = pathOf([...ancestors, pair]);
        markOrigin(value, origins[formatKeyPath(path)] ?? 'default');
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}

function markOrigin(value: Node, origin: string): void {
  value.comment = ` ${origin}`;
  if (isSeq(value)) {
    value.flow = true;
  }
}

function pathOf(ancestors: readonly unknown[]): KeyPath {
  return ancestors.flatMap((ancestor) => {
    const key = typeof ancestor === 'object' && ancestor !== null && 'key' in ancestor ? ancestor.key : undefined;
    return isScalar(key) ? [String(key.value)] : [];
  });
}
