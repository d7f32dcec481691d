import * as fc from 'fast-check';
import { Smallest } from './smallest';

test('keeps the first items of an order, whatever comes and in whatever sequence', () => {
  void fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 200 }), fc.nat(50), (numbers, count) => {
      const ascending = (left: number, right: number) => left - right;
      const smallest = new Smallest(count, ascending);
      for (const number of numbers) {
        smallest.add(number);
      }
      expect(smallest.sorted()).toEqual(numbers.toSorted(ascending).slice(0, count));
    }),
  );
});
