// SPDX-License-Identifier: MIT
// What the worst-case analysis finds: a bound and the path that takes it, or the places for which there is none.

export interface LineCost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Core cycles that the line's own instructions take on the worst path, in all its calls from here; what it calls is not included. */
  readonly cycles: number;
  /** How often the piece of it that runs most often does; not a whole number where the path is a mix. */
  readonly times: number;
}

/** A function on the worst path. Functions that the compiler inlined are part of whoever calls them; their lines keep their own file. */
export interface CallNode {
  readonly functionName: string;
  /** Where the function is called, or for the root, where it begins. */
  readonly file: string;
  readonly line: number;
  /** Core cycles of all its calls here, with all below. */
  readonly cycles: number;
  /** How often it is called from here on the worst path; not a whole number where the path is a mix. */
  readonly times: number;
  /** Its own lines, in the order of the source. */
  readonly lines: readonly LineCost[];
  readonly children: readonly CallNode[];
}

/**
 * Which calls of a function take all received characters that there are, in a loop that nothing ends but that there are none left: every one, those in which a block is due, or
 * none that is sure to.
 */
export type Drains = 'always' | 'with a block' | 'unsure';

/** A loop that takes received characters, with no bound but the drivers' word. */
export interface ReceivedLoop {
  /** Characters that the bound has, each time it is entered. */
  readonly most: number;
  /** Characters that wait at most when they have not been taken for long, as the drivers say; undefined where they do not. */
  readonly capacity?: number;
  readonly drains: Drains;
  readonly file: string;
  readonly line: number;
}

export interface WorstCase {
  /** Core cycles from the function's first instruction to its last; entry and exit of the exception are not among them. */
  readonly cycles: number;
  /**
   * The path that takes them, made when it is first asked for: most are not. Where limits are shared it is the mix of ways that keeps to them on average and
   * takes so many cycles.
   */
  readonly tree: CallNode;
  /** The loop for which the drivers say how many received characters it finds at most, if one is in reach. */
  readonly received?: ReceivedLoop;
  /** Loops that the number of cycles holds for, but that nothing ends before their counter, 16 bits wide or more, has run through all that it can be. */
  readonly wide: readonly UnboundedPlace[];
}

/** One call on the way from the analysed function to a place. */
export interface PathStep {
  readonly functionName: string;
  /** Where the next function of the path is called, or the place itself. */
  readonly file: string;
  readonly line: number;
}

/** A place for which there is no bound. */
export interface UnboundedPlace {
  readonly kind: 'loop' | 'recursion' | 'indirect call';
  /** Of a loop whose `@bound` has no value: as it stands in the source, with the names of which none is known. */
  readonly said?: { readonly text: string; readonly unknown: readonly string[] };
  readonly file: string;
  readonly line: number;
  readonly path: readonly PathStep[];
}

/** Every way through a function ends in a trap: no call of it comes to its end, so there is no longest one. */
export class NeverReturns extends Error {
  override readonly name = 'NeverReturns';
  /** @param path calls from the function to the trap that ends it, if nothing before does */
  constructor(functionName: string, readonly path: readonly PathStep[]) {
    super(`${functionName} does not return: every way through it ends in a trap`);
  }
}

/** Something in reach of the function has no bound; the message says where and what to do. */
export class Unbounded extends Error {
  override readonly name = 'Unbounded';
  constructor(message: string, readonly places: readonly UnboundedPlace[]) {
    super(message);
  }
  get kind(): UnboundedPlace['kind'] { return this.places[0].kind; }
  get file(): string { return this.places[0].file; }
  get line(): number { return this.places[0].line; }
  get path(): readonly PathStep[] { return this.places[0].path; }
}
