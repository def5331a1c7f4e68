// SPDX-License-Identifier: MIT
// Reading gcc's call graphs, in the form that gcc 12.2 writes.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { INDIRECT, readCallGraphs } from './call-graph-info.js';

const TEXT = String.raw`graph: { title: "../boards/shim.c"
node: { title: "../boards/shim.c:store_all" label: "store_all\n../boards/shim.c:22:13\n24 bytes (static)" }
node: { title: "tw_port_store32" label: "tw_port_store32\n../boards/shim.h:156:6" shape : ellipse }
edge: { sourcename: "../boards/shim.c:store_all" targetname: "tw_port_store32" label: "../boards/shim.c:23:40" }
node: { title: "tw_run" label: "tw_run\n../boards/shim.c:44:16\n16 bytes (dynamic)" }
edge: { sourcename: "tw_run" targetname: "../boards/shim.c:store_all" label: "../boards/shim.c:50:3" }
edge: { sourcename: "tw_run" targetname: "__indirect_call" label: "../boards/shim.c:51:3" }
}`;

it('knows the stack of each function, whom it calls, and what is not bounded', () => {
  const functions = readCallGraphs([TEXT]);
  assert.deepEqual([...functions.keys()], ['shim.c:store_all', 'tw_run']);
  const store = functions.get('shim.c:store_all')!;
  assert.deepEqual([store.name, store.bytes, store.isKnown, [...store.calls]], ['store_all', 24, true, ['tw_port_store32']]);
  const run = functions.get('tw_run')!;
  assert.deepEqual([run.bytes, run.isKnown, [...run.calls]], [16, false, ['shim.c:store_all', INDIRECT]]);
});
