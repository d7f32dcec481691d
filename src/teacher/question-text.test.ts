import { isRefusal, questionIn } from './question-text';

const question = 'A train has 3 cars with 40 seats each. How many seats does it have?';

describe('the framing around a new question is removed', () => {
  test.each([
    [question],
    [`Sure! Here is a new question: ${question}`],
    [`Sure! Here is a new question:\n\n${question}`],
    [`Certainly! Here's a similar problem:\n\n**Question:** ${question}`],
    [`Here is another question that tests the same skill:\n\n"${question}"`],
    [`Question: ${question}`],
    [`**New Question:** ${question}`],
    [`### Problem 2:\n${question}`],
    [`Of course. Below is a rewritten version of it:\n${question}`],
    [`${question}\n\nAnswer: 120`],
    [`${question} Answer: 120`],
    [`${question}\n\n**Answer:** 3 * 40 = 120\n\nSo there are 120 seats.`],
    [`${question}\nSolution: multiply 3 by 40.\n#### 120`],
    [`${question}\n#### 120`],
    [`${question}\n\nLet me know if you'd like another one!`],
    [`Sure, here is one:\n\n${question}\n\nI hope this helps!`],
    [`\`\`\`\n${question}\n\`\`\``],
  ])('%j', (text) => {
    expect(questionIn(text, 'Tom has 2 apples. How many apples has he?')).toEqual({ ok: true, value: question });
  });
});

describe('what belongs to a question stays', () => {
  test.each([
    ['Sure Shot sells 3 balls: one red, two blue. How many are blue?'],
    ['Okay Cafe sold 5 cakes for $3 each. How much did it earn?'],
    ['Here are three numbers: 3, 4 and 5. What is their sum?'],
    ['Tom said: "I am sorry." How many words did he say?'],
    ['I cannot decide between two plans of $5 and $6 a month. What is the difference in a year?'],
    ['Is it true?\nA) yes\nB) no\nAnswer:'],
    ['Write the result in the form Answer: <number>. What is 2 + 3?'],
    ['The problem: a box holds 3 rows of 4. How many items does it hold?'],
    ['(3 + 4) * 6'],
  ])('%j', (text) => {
    expect(questionIn(text, text)).toEqual({ ok: true, value: text });
  });

  test('a label that the seeds have too is the form of the task', () => {
    const text = 'Question: What is 2 + 3?\nAnswer: five or six?';
    expect(questionIn(text, 'Question: What is 1 + 1?\nAnswer: two or three?')).toEqual({ ok: true, value: text });
  });
});

describe('a refusal is no question', () => {
  test.each([
    ["I'm sorry, but I can't help with that."],
    ['I’m sorry, but I can’t assist with that request.'],
    ['Sorry, I cannot provide that.'],
    ['I cannot create content of this kind.'],
    ["I'm unable to help with this."],
    ['Unfortunately, I am not able to write such a question.'],
    ['As an AI language model, I have no opinion.'],
    ["Sure! Here is a new question: I'm sorry, but I can't help with that."],
  ])('%j', (text) => {
    const read = questionIn(text, question);
    expect(read).toMatchObject({ ok: false, reason: expect.stringMatching(/^the teacher refused: "/) });
  });

  test('nothing but framing is none either', () => {
    expect(questionIn('Sure! Here is a new question:', question)).toEqual({
      ok: false,
      reason: 'the reply has no question',
    });
    expect(isRefusal(question)).toBe(false);
  });
});
