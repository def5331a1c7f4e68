// SPDX-License-Identifier: MIT
// Places in the source as a page shows them.

import { shownPath } from '../format.js';
import { escapeHtml } from './parts.js';

/** A file's name without the package's directory; of one outside of the project, its own directory and name. */
export const shortFile = (file: string): string => shownPath(file.replace(/^(~lib\/tonewheel\/)?assembly\//, ''));

/** A place in the source: a button that opens it in the page. */
export const sourceLink = (file: string, line: number, text = `${shortFile(file)}:${line}`): string =>
  `<button type="button" class="link" data-file="${escapeHtml(file)}" data-line="${line}">${escapeHtml(text)}</button>`;
