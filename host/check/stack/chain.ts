// SPDX-License-Identifier: MIT

/** Whether a chain of calls ends in a function that is in it before: such a chain goes on for ever. */
export const comesBack = (chain: readonly (string | number)[]): boolean => chain.indexOf(chain[chain.length - 1]) < chain.length - 1;
