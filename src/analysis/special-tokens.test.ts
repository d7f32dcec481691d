import { specialTokensIn } from './special-tokens';

test.each([
  ['<|im_end|>', ['a<|im_end|>\n<|im_start|>system', 'plain', '<|im_end|>'], 2, ['<|im_end|>', '<|im_start|>']],
  ['[INST]', ['[INST] <<SYS>> do [/INST]'], 1, ['<<SYS>>', '[/INST]', '[INST]']],
  ['DeepSeek, Gemma', ['<｜end▁of▁sentence｜>', 'x</s>', '<start_of_turn>user'], 3, ['</s>', '<start_of_turn>', '<｜end▁of▁sentence｜>']],
])('rows that spell special tokens are found: %s', (_, texts, count, spellings) => {
  expect(specialTokensIn(texts)).toEqual({ texts: count, spellings });
}); // biome-ignore format: cases

test('ordinary text, code and formulas spell none', () => {
  const texts = [
    'a < s > b',
    '<span>x</span>',
    'x <| y |> z',
    'List<String>',
    '[1, 2]',
    '|x| > 3',
    '<script>',
    'if a<b and c>d:',
  ];
  expect(specialTokensIn(texts)).toEqual({ texts: 0, spellings: [] });
});
