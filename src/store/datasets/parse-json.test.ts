import { parseJson } from './parse-json';

test.each([
  ['{"answer": 0.30000000000000004}', { answer: 0.30000000000000004 }],
  ['{"answer": -1.2345678901234568e-7}', { answer: -1.2345678901234568e-7 }],
  ['{"answer": 9007199254740993}', { answer: '9007199254740993' }],
  ['{"answer": -12345678901234567890}', { answer: '-12345678901234567890' }],
  ['{"answer": "id 12345678901234567890"}', { answer: 'id 12345678901234567890' }],
])('%s keeps its value', (text, expected) => expect(parseJson(text)).toEqual(expected));
