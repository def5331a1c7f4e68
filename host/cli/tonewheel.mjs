#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Entry of the command line: makes sure that what is made of the sources is current, then hands over to it.

import { compileSchema } from '../compile-schema.mjs';
import { transpile } from '../transpile.mjs';

await Promise.all([transpile(), compileSchema()]);
await import('../../build/js/host/cli/main.js');
