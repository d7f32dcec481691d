/** What stands in no brackets, the rest blanked. */
export function outsideBrackets(text: string): string {
  let depth = 0;
  return [...text]
    .map((character) => {
      depth += /[([{]/.test(character) ? 1 : /[)\]}]/.test(character) ? -1 : 0;
      return depth > 0 ? '\u0000' : character;
    })
    .join('');
}

export function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    depth += /[([{]/.test(character) ? 1 : /[)\]}]/.test(character) ? -1 : 0;
    if (depth < 0) {
      return false;
    }
  }
  return depth === 0;
}

/** Items between commas, "and", "or" outside of brackets; the comma of 1,234 separates nothing. */
export function splitTop(text: string): string[] {
  if (/^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text)) {
    return [text];
  }
  const plain = outsideBrackets(text);
  const items: string[] = [];
  let start = 0;
  for (const match of plain.matchAll(/,(?: ?(?:and|or) ?)?|;|(?<![a-z\\]) ?(?:and|or) ?(?![a-z])/g)) {
    items.push(text.slice(start, match.index));
    start = match.index + match[0].length;
  }
  return [...items, text.slice(start)].map((item) => item.trim()).filter((item) => item !== '');
}
