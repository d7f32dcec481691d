import { isBalanced, splitTop } from './brackets';
import { ROW_END } from './latex';

type Kind = 'tuple' | 'set' | 'list' | 'matrix';

export interface MathParts {
  readonly kind: Kind;
  /** The delimiters of a tuple or an interval, which tell them apart. */
  readonly ends: string;
  readonly items: readonly string[];
}

/** What an answer is made of; `null` for one thing. */
export function mathPartsOf(text: string): MathParts | null {
  if (text === '\\emptyset' || text === '\\{\\}') {
    return { kind: 'set', ends: '', items: [] };
  }
  const matrix = /^[([]?\\matrix\{(.*)\}[)\]]?$/.exec(text)?.[1];
  if (matrix !== undefined) {
    const rows = splitRows(matrix);
    return {
      kind: 'matrix',
      ends: rows.map((row) => row.split('&').length).join(),
      items: rows.flatMap((row) => row.split('&')),
    };
  }
  const set = /^\\\{(.*)\\\}$/.exec(text)?.[1];
  if (set !== undefined && !set.includes('\\{')) {
    return { kind: 'set', ends: '', items: splitTop(set) };
  }
  const tuple = /^([[(])(.*)([\])])$/.exec(text);
  if (tuple !== null && isBalanced(tuple[2] ?? '') && splitTop(tuple[2] ?? '').length > 1) {
    return { kind: 'tuple', ends: `${tuple[1]}${tuple[3]}`, items: splitTop(tuple[2] ?? '') };
  }
  const signs = text.match(/\\pm/g)?.length ?? 0;
  if (signs === 1 && isBalanced(text)) {
    return {
      kind: 'list',
      ends: '',
      items: [text.replace(/\\pm ?/, '+').replace(/^\+|(?<=[=(,])\+/, ''), text.replace(/\\pm ?/, '-')],
    };
  }
  const items = splitTop(text);
  return items.length > 1 ? { kind: 'list', ends: '', items } : null;
}

const splitRows = (matrix: string) => (matrix.endsWith(ROW_END) ? matrix.slice(0, -1) : matrix).split(ROW_END);
