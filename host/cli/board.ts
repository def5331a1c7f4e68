// SPDX-License-Identifier: MIT
// The board that a command is told to use.

import { existsSync } from 'node:fs';
import { listBoards, loadBoard, type Board } from '../boards.js';
import { UsageError } from './failures.js';

/** A board by name or by the path of its JSON. @throws UsageError for one that there is not, BoardError for one that is broken */
export function boardNamed(name: string): Board {
  const isPath = name.endsWith('.json') || name.includes('/');
  if (isPath ? !existsSync(name) : !listBoards().includes(name)) {
    throw new UsageError(`there is no board ${isPath ? 'file ' : ''}"${name}". The boards are ${listBoards().join(', ')}; "tonewheel boards" tells more. The path of a board's JSON file works too.`);
  }
  return loadBoard(name);
}
