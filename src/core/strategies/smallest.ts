/**
 * The first items of an order, out of a stream of any length: a heap with the last kept item on top, so that memory
 * and time depend on how many are kept.
 */
export class Smallest<T> {
  private readonly heap: T[] = [];

  /** @param compare a total order; otherwise the order of arrival would decide between equal items */
  constructor(
    private readonly count: number,
    private readonly compare: (left: T, right: T) => number,
  ) {}

  add(item: T): void {
    const { heap } = this;
    if (heap.length < this.count) {
      heap.push(item);
      this.rise(heap.length - 1);
    } else if (this.count > 0 && this.compare(item, heap[0] as T) < 0) {
      heap[0] = item;
      this.sink(0);
    }
  }

  /** Those kept, in order. */
  sorted(): T[] {
    return this.heap.toSorted(this.compare);
  }

  private rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfAbove(at, parent)) {
        return;
      }
      at = parent;
    }
  }

  private sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.heap.length) {
        return;
      }
      const right = left + 1;
      const later = right < this.heap.length && this.isLater(right, left) ? right : left;
      if (!this.swapIfAbove(later, at)) {
        return;
      }
      at = later;
    }
  }

  private isLater(one: number, other: number): boolean {
    return this.compare(this.heap[one] as T, this.heap[other] as T) > 0;
  }

  private swapIfAbove(child: number, parent: number): boolean {
    if (!this.isLater(child, parent)) {
      return false;
    }
    [this.heap[child], this.heap[parent]] = [this.heap[parent] as T, this.heap[child] as T];
    return true;
  }
}
