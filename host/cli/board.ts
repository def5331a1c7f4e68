// SPDX-License-Identifier: MIT
// The board that a command is told to use.

import { listBoards, loadBoard, type Board } from '../boards/index.js';
import { UsageError } from './failures.js';
import { checkInput } from './inputs.js';

/** A board by name or by the path of its JSON. @throws UsageError for one that there is not, BoardError for one that is broken */
export function boardNamed(name: string): Board {
  const isPath = name.endsWith('.json') || name.includes('/');
  const known = `The boards are ${listBoards().join(', ')}; "tonewheel boards" tells more. The path of a board's JSON file works too.`;
  if (isPath) checkInput('board', name, known);
  else if (!listBoards().includes(name)) throw new UsageError(`there is no board "${name}". ${known}`);
  return loadBoard(name);
}
