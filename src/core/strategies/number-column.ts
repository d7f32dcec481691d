/** Numbers, eight bytes each: a column of a pool that is too large for objects. */
export class NumberColumn {
  private numbers = new Float64Array(1024);
  private length = 0;

  add(number: number): void {
    if (this.length === this.numbers.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.length] = number;
    this.length += 1;
  }

  values(): Float64Array {
    return this.numbers.subarray(0, this.length);
  }
}
