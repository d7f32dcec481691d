import * as fc from 'fast-check';
import { choiceForm, finalChoice, withoutOptions } from './choices';
import { findAnswer } from './final-answer';

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** `_` stands for the letter that is chosen. */
const phrasings = [
  ...['_', '(_)', '[_]', '_.', '"_"', '**_**', '`_`', '_) Paris', '_. Paris', '(_) Paris', '_: Paris', '_ - Paris'],
  ...['_, a mammal', '_ (Paris)', '_, because it is big.', '_ because it is big.', '_ is correct.', '_ is the best answer'],
  ...['Answer: _', '**Answer:** _', '**Answer: _**', 'ANSWER: _', 'answer is _', 'Answer - _', 'Answer:\n_', 'Ans: _'],
  ...['The answer is _.', 'The answer is (_) Paris.', 'The answer is _: Paris', 'The answer is _, since it is big.'],
  ...['The correct option is _.', 'The best choice is _.', 'Option _', 'Option _ is correct.', 'It must be (_).', 'It is _.'],
  ...['I choose _.', "I'd go with _.", 'Therefore, _ is correct.', 'Only _ is right.', 'So _.', 'I think the answer is _.'],
  ...['\\boxed{_}', '\\boxed{\\textbf{(_)}\\ 12}', '$\\boxed{\\text{_}}$', '#### _', '<answer>_</answer>', '{"answer": "_"}'],
  ...['```\n_\n```', '答案是_', '答案：（_）', '故选_', '选项_', 'Die Antwort ist _.', 'La respuesta es _.', '정답: _'],
  ...['_\n\nExplanation: it is big.', '_\n\nI hope this helps!', '<think>The answer is Q? No.</think>_', 'Let us see.\n_'],
  ...['The answer is _.\n\nQuestion: and now?\nAnswer: Q', 'The answer is Q. Wait, the answer is _.'],
]; // biome-ignore format: a list

test.each(phrasings)('%j chooses any letter', (phrasing) => {
  for (const letter of letters) {
    expect({ letter, chosen: finalChoice(phrasing.replace('_', letter)) }).toEqual({ letter, chosen: letter });
  }
});

/** `_` and `+` stand for two different letters. */
const undecided = [
  ...['_ or +', '(_) or (+)', 'The answer is _ or +.', 'either _ or +', '_? +?', '_... or +', '_, or perhaps +.'],
  ...['The answer is not _.', "The answer isn't _.", 'I doubt it is _.', 'It cannot be _.', '_ is wrong.', 'Neither _ nor +'],
  ...['Plan _', 'vitamin _', 'Mr. _', 'Is it _?', '_?', 'The answer is _ or maybe not', '\\boxed{_} or \\boxed{+}'],
  ...['If the answer is _, we are lost.', 'All of the above', 'none of these'],
]; // biome-ignore format: a list

test.each(undecided)('%j chooses none', (phrasing) => {
  for (const [index, letter] of letters.entries()) {
    const other = letters[(index + 3) % letters.length] ?? '';
    expect({ letter, chosen: finalChoice(phrasing.replace('_', letter).replace('+', other)) }).toEqual({
      letter,
      chosen: null,
    });
  }
});

test('options that are numbers are read as letters are', () => {
  for (const text of ['2', '(2)', '2) Rome', 'Option 2', 'The answer is 2.', '\\boxed{2}', '{"answer": 2}']) {
    expect(findAnswer(text, choiceForm('numbers'))).toMatchObject({ state: 'read', value: ['2'] });
  }
});

test('options that an answer only repeats are not chosen', () => {
  const options = 'A) Paris\nB) Rome\nC) Berlin';
  expect(finalChoice(withoutOptions(options, 'letters'))).toBeNull();
  expect(finalChoice(withoutOptions(`${options}\nAnswer: B`, 'letters'))).toBe('B');
});

test('a marked choice is read whatever stands before it', () => {
  const working = fc.stringMatching(/^[a-z .,\n]{0,200}$/);
  void fc.assert(
    fc.property(working, fc.constantFrom(...letters), (text, letter) => {
      expect(finalChoice(`${text}\n#### ${letter}`)).toBe(letter);
    }),
  );
});
