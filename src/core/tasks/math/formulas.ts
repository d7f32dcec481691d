/** Letters that a formula may have: single variables and functions. Words and names such as ABC are no formula. */
export function isFormula(text: string): boolean {
  const bare = text.replace(/\\[a-zA-Z]+/g, ' ').replace(/\b(?:sin|cos|tan|log|ln|exp|sec|csc|cot|sqrt|pi)\b/g, ' ');
  return (
    !/[a-z]{3,}|[A-Z]{2,}|[a-z]\.|[a-z] [a-z]|\d \d|[^\x20-\x7e]|\d_/.test(bare) &&
    !/\\(?:infty|approx|sim|forall|exists|text|in|cup|cap|emptyset|matrix|le|ge|ne)(?![a-zA-Z])|[<>%]|[#&]/.test(
      text,
    ) &&
    (text.match(/=/g)?.length ?? 0) < 2
  );
}

/** `k` and `K` are two variables, which math-verify takes for one. */
export function differInCase(one: string, other: string): boolean {
  const names = (text: string) => [...new Set(text.match(/\\[a-zA-Z]+|[a-zA-Z]/g) ?? [])].sort().join(' ');
  const lower = (text: string) => names(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
  return names(one) !== names(other) && lower(one) === lower(other);
}
