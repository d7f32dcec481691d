/**
 * Spellings of tokens that open and close turns in common chat templates. A tokenizer that does not escape them reads them
 * as turns, wherever a text holds them.
 */
const SPELLINGS =
  /<\|[a-z][\w ]{0,30}\|>|<｜[^｜>\n]{1,30}｜>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|endoftext)>|\[(?:BOS|EOS|CLS|SEP|PAD)\]/gi;

export interface SpecialTokens {
  /** Texts that spell at least one. */
  readonly texts: number;
  /** The spellings, the most frequent first. */
  readonly spellings: readonly string[];
}

/** Which of the texts spell special tokens; each row of a dataset is one text. */
export function specialTokensIn(texts: Iterable<string>): SpecialTokens {
  const counts = new Map<string, number>();
  let found = 0;
  for (const text of texts) {
    const spelt = new Set(text.match(SPELLINGS));
    found += Number(spelt.size > 0);
    for (const spelling of spelt) {
      counts.set(spelling, (counts.get(spelling) ?? 0) + 1);
    }
  }
  const spellings = [...counts].sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1));
  return { texts: found, spellings: spellings.map(([spelling]) => spelling) };
}
