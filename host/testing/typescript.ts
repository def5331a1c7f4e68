// SPDX-License-Identifier: MIT
// For `node --import`: makes this process import TypeScript.

import { register } from 'node:module';

register('./typescript-hooks.js', import.meta.url);
