// SPDX-License-Identifier: MIT
// Which as-pect specs there are. They run on the emulated board: `npm test`, or `npx tonewheel test`.

export default {
  entries: ['tests/as-pect/*.as.ts'],
};
