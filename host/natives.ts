// SPDX-License-Identifier: MIT
// The `@native` functions of a firmware: which functions of the module may run as native code beside an interpreter. The compiler puts the
// list into a custom section of the module.

/** Name of the custom section; its contents are the list as JSON in UTF-8. */
export const NATIVE_SECTION = 'tonewheel.native';

export interface NativeFunction {
  /** Index in the shipped module's function index space, imports first. */
  readonly index: number;
  /** Name of the function in the source, and where it is declared. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
}
