// SPDX-License-Identifier: MIT
// The ways between the firmware's code and others: into a handler through the shim, and from interpreted into native code.

import { HANDLER, HANDLER_IRQ, type Program } from './program.js';

/** A handler that does next to nothing, taken with nothing of its way in a cache. */
export const dispatchProgram: Program = {
  name: 'dispatch',
  prelude: `import { irqEnable, irqPend } from "@/assembly/shim/abi";
@isr("${HANDLER}", 1)
function handler(): void {
  store<u32>(data, load<u32>(data) + 1);
}`,
  setUp: `  irqEnable(${HANDLER_IRQ});`,
  pieces: [{ name: 'interrupt', body: `  for (let i = 0; i < 16; i++) {\n    evict();\n    irqPend(${HANDLER_IRQ});\n  }` }],
};

/** Calls of native functions by interpreted code, with 0 to 6 arguments. */
export const nativeProgram: Program = {
  name: 'natives',
  pieces: [0, 1, 2, 4, 6].map((count) => {
    const parameters = Array.from({ length: count }, (_, i) => `p${i}: u32`).join(', ');
    const args = Array.from({ length: count }, (_, i) => `a + ${i}`).join(', ');
    return {
      name: `native function with ${count} arguments`,
      helpers: `// @ts-ignore: decorator\n@native\nfunction native${count}(${parameters}): u32 {\n  store<u32>(data, load<u32>(data, 64) ^ ${Array.from({ length: count }, (_, i) => `p${i}`).join(' ^ ') || '7'}, 68);\n  return load<u32>(data, 60);\n}`,
      body: `  let a: u32 = load<u32>(data);\n  for (let i = 0; i < 16; i++) {\n    a += native${count}(${args});\n    a ^= native${count}(${args});\n  }\n  store<u32>(data, a);`,
    };
  }),
};
