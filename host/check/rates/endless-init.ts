// SPDX-License-Identifier: MIT

/** Thrown into a firmware that has not come to `main` for so long that it hardly ever will. */
export class EndlessInit extends Error {
  override readonly name = 'EndlessInit';
  /** @param seconds since reset, on the emulated board */
  constructor(readonly seconds: number) {
    super(`init has not come to its end in ${seconds} s`);
  }
}
