import type { Connection } from '@temporalio/client';
import { searchAttributeTypes } from '../core/names';

/** The numbers of the wire protocol. */
const wireTypes = { KEYWORD: 2, INT: 3, DOUBLE: 4 } as const;

/**
 * Registers our search attributes with the server. If the cluster does not allow it, they are not used.
 * @returns whether workflows may carry them
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  const wanted = Object.entries(searchAttributeTypes).map(([name, type]) => [name, wireTypes[type]] as const);
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    if (wanted.some(([name]) => customAttributes?.[name] === undefined)) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(wanted),
      });
    }
    return true;
  } catch {
    return false;
  }
}
