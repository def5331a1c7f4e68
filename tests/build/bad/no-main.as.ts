// SPDX-License-Identifier: MIT
export function init(): void {}
