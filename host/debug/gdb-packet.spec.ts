// SPDX-License-Identifier: MIT
// Frames of the remote serial protocol; the examples and the checksum rule are those of the GDB manual, E.1.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { framed, PacketReader } from './gdb-packet.js';

const read = (...pieces: (string | Uint8Array)[]) => {
  const reader = new PacketReader();
  return pieces.flatMap((piece) => reader.feed(Buffer.from(piece as string, 'latin1')));
};

describe('packets of the remote serial protocol', () => {
  it('carry the sum of their bytes modulo 256 in two hex digits', () => {
    assert.equal(framed('OK').toString(), '$OK#9a');
    assert.equal(framed('').toString(), '$#00');
  });

  it('are told from acknowledgements and Ctrl-C', () => {
    assert.deepEqual(read('+$g#67\x03-'), [{ kind: 'acknowledged' }, { kind: 'packet', data: Buffer.from('g') }, { kind: 'interrupt' }, { kind: 'rejected' }]);
  });

  it('with a wrong checksum are damaged, and the next one is read', () => {
    assert.deepEqual(read('$g#66$g#67'), [{ kind: 'damaged' }, { kind: 'packet', data: Buffer.from('g') }]);
  });

  it('escape #, $, } and * as } and the byte with bit 5 inverted', () => {
    assert.equal(framed('a#$}*b').toString('latin1').slice(1, -3), 'a}\x03}\x04}]}\nb');
    assert.deepEqual(read('$a}\x03b#e3'.replace('e3', ((0x61 + 0x7d + 3 + 0x62) & 0xff).toString(16))), [{ kind: 'packet', data: Buffer.from('a#b') }]);
  });

  it('come back whole whatever bytes they hold, wherever the stream is cut', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (bodies, step) => {
      const stream = Buffer.concat(bodies.map((body) => framed(body)));
      const pieces = Array.from({ length: Math.ceil(stream.length / step) }, (_, i) => stream.subarray(i * step, (i + 1) * step));
      assert.deepEqual(read(...pieces), bodies.map((body) => ({ kind: 'packet', data: Buffer.from(body) })));
    }));
  });
});
