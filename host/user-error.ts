// SPDX-License-Identifier: MIT
// Errors that are no faults of the program.

/** An error whose message is written for the user, who can do something about it. The command line prints it without a stack trace. */
export abstract class UserError extends Error {
  /** Whether something was used wrongly (exit code 2); else it failed (1). */
  readonly isMisuse: boolean = false;
}
