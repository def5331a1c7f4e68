// SPDX-License-Identifier: MIT
// Typed arrays that grow, for records whose length is not known before the run and which must not allocate at every call.

type Numbers = Float64Array | Uint32Array | Uint8Array;

/** A list of numbers in one typed array, doubled when it is full. */
export class Growing<A extends Numbers> {
  length = 0;
  private array: A;

  constructor(private readonly make: (length: number) => A, capacity = 1024) {
    this.array = make(capacity);
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = this.make(this.length * 2);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }
  at(index: number): number {
    return this.array[index];
  }
  add(index: number, value: number): void {
    this.array[index] += value;
  }
  /** What has been pushed so far, without copying: valid until the next push. */
  values(): A {
    return this.array.subarray(0, this.length) as A;
  }
}

export const growingFloat64 = () => new Growing((n) => new Float64Array(n));
export const growingUint32 = () => new Growing((n) => new Uint32Array(n));
export const growingUint8 = () => new Growing((n) => new Uint8Array(n));
