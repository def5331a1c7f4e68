#!/usr/bin/env -S node --enable-source-maps
// SPDX-License-Identifier: MIT
// Entry of the command line: makes sure that the transpiled host is current, then hands over to it.

import { transpile } from '../transpile.mjs';

await transpile();
await import('../../build/js/host/cli/main.js');
