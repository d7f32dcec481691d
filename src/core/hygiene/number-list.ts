/** A list of unsigned 32-bit numbers that grows, at four to eight bytes each. */
export class NumberList {
  private numbers = new Uint32Array(1024);
  length = 0;

  push(number: number): void {
    if (this.length === this.numbers.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.length] = number;
    this.length += 1;
  }

  /** @param index below `length` */
  at(index: number): number {
    return this.numbers[index] as number;
  }

  set(index: number, number: number): void {
    this.numbers[index] = number;
  }

  /** A view, valid until the next `push`. */
  slice(from: number, to: number): Uint32Array {
    return this.numbers.subarray(from, to);
  }
}
