// SPDX-License-Identifier: MIT
// as-pect's configuration: specs of assembly/ that run on the emulated board. `npm test` runs them after the host's own.

import { instantiateOnBoard } from './build/js/host/as-pect/instantiate.js';

export default {
  entries: ['tests/as-pect/*.as.ts'],
  include: ['node_modules/@as-pect/assembly/assembly/index.ts'],
  disclude: [],
  instantiate: instantiateOnBoard,
};
