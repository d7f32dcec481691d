import * as fc from 'fast-check';
import { numberCheck } from './number';

/** Amounts in hundredths, so that what is right is a comparison of whole numbers. */
const hundredths = fc.integer({ min: -500_000, max: 500_000 });
const near = fc.integer({ min: -300, max: 300 });
const written = (value: number) =>
  `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, '0')}`;
const forms = fc.constantFrom(
  (text: string) => `#### ${text}`,
  (text: string) => `So the answer is ${text}.`,
  (text: string) => `We add both.\n\\boxed{${text}}`,
  (text: string) => `{"answer": ${text}}`,
);

const isRight = (tolerance: Parameters<typeof numberCheck>[0], reference: number, answer: string) =>
  numberCheck(tolerance).grade(written(reference), answer).correct;

test('an absolute tolerance is met exactly up to its size, on both sides, in every form of answer', () => {
  void fc.assert(
    fc.property(hundredths, near, fc.integer({ min: 1, max: 200 }), forms, (reference, difference, limit, form) => {
      const answer = form(written(reference + difference));
      expect(isRight({ absolute: limit / 100 }, reference, answer)).toBe(Math.abs(difference) <= limit);
    }),
  );
});

test('a relative tolerance is a share of the size of the reference', () => {
  void fc.assert(
    fc.property(hundredths, near, fc.integer({ min: 1, max: 1000 }), forms, (reference, difference, mille, form) => {
      const answer = form(written(reference + difference));
      const within = Math.abs(difference) * 1000 <= Math.abs(reference) * mille;
      expect(isRight({ relative: mille / 1000 }, reference, answer)).toBe(within);
    }),
  );
});

test('a larger tolerance refuses nothing that a smaller one accepts, and none accepts the number itself alone', () => {
  const size = fc.integer({ min: 1, max: 400 });
  void fc.assert(
    fc.property(hundredths, near, size, size, (reference, difference, one, other) => {
      const answer = `#### ${written(reference + difference)}`;
      const [small, large] = [Math.min(one, other), Math.max(one, other)];
      const accepted = isRight({ absolute: small / 100 }, reference, answer);
      expect(!accepted || isRight({ absolute: large / 100 }, reference, answer)).toBe(true);
      expect(isRight(undefined, reference, answer)).toBe(difference === 0);
    }),
  );
});

test('a text without a number stays unreadable whatever the tolerance, and a bad reference unmeasured', () => {
  void fc.assert(
    fc.property(fc.stringMatching(/^[qxz ]{1,30}$/), size(), (text, absolute) => {
      const { state } = numberCheck({ absolute }).grade('12', text);
      expect(state).toBe('unreadable');
      expect(numberCheck({ absolute }).grade('3:30 p.m.', '3').state).toBe('unmeasured');
    }),
  );
});

const size = () => fc.double({ min: 0.001, max: 1e6, noNaN: true });
