// SPDX-License-Identifier: MIT
// Which line of an older text a line stands for: lines that stayed, by the longest common subsequence, and between them, in order, those that were
// rewritten.

export interface AlignedLine {
  /** Index in the old text; undefined for a line that was added. */
  readonly old: number | undefined;
  /** Whether the text is the same, but for indentation. */
  readonly same: boolean;
}

/** One entry for each line of `now`. */
export function alignLines(then: readonly string[], now: readonly string[]): AlignedLine[] {
  const [a, b] = [then.map((line) => line.trim()), now.map((line) => line.trim())];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const result: AlignedLine[] = Array.from({ length: head }, (_, i) => ({ old: i, same: true }));
  result.push(...alignMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)).map(({ old, same }) => ({ old: old === undefined ? undefined : old + head, same })));
  for (let i = tail; i > 0; i--) result.push({ old: a.length - i, same: true });
  return result;
}

function alignMiddle(a: readonly string[], b: readonly string[]): AlignedLine[] {
  // longest[i][j]: of a from i and b from j.
  const longest = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i][j] = a[i] === b[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  }
  const result: AlignedLine[] = [];
  let removed: number[] = [];
  let added = 0;
  // Between two lines that stayed, removed and added ones pair up in order.
  const settle = (): void => {
    for (let k = 0; k < added; k++) result.push({ old: removed[k], same: false });
    removed = [];
    added = 0;
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      settle();
      result.push({ old: i++, same: true });
      j++;
    } else if (j === b.length || (i < a.length && longest[i + 1][j] >= longest[i][j + 1])) removed.push(i++);
    else {
      added++;
      j++;
    }
  }
  settle();
  return result;
}
