// SPDX-License-Identifier: MIT
// The two ways in which a command ends badly.

import { UserError } from '../user-error.js';

/** Used wrongly: an option that makes no sense, a file that is not what it should be named as. Exit code 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
  override readonly isMisuse = true;
}

/** The thing failed: a budget was exceeded, a test did not pass. Exit code 1. */
export class CommandFailed extends UserError {
  override readonly name = 'CommandFailed';
}
