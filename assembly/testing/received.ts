// SPDX-License-Identifier: MIT
// Compiled in besides a firmware, shows the host where the queue of received bytes is (host/testing/qemu-events.ts).

export { receivedQueue } from "../drivers/common/received";
